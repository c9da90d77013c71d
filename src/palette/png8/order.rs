//! Orders of a palette: the indices that neighbour in the picture should neighbour in the palette, so that filters
//! leave small differences.

/// How often two indices are neighbours, to the right or below, whichever comes first: k x k, symmetric.
fn neighbours(indices: &[u8], width: usize, len: usize) -> Vec<u64> {
    let mut counts = vec![0; len * len];
    let mut count = |a: u8, b: u8| {
        if a != b {
            counts[usize::from(a) * len + usize::from(b)] += 1;
            counts[usize::from(b) * len + usize::from(a)] += 1;
        }
    };
    for row in indices.chunks_exact(width) {
        row.windows(2).for_each(|pair| count(pair[0], pair[1]));
    }
    indices.iter().zip(&indices[width..]).for_each(|(&a, &b)| count(a, b));
    counts
}

/// The palette's entries in a chain: begins with the two that neighbour most often, then takes the one that neighbours
/// the chain most, at the end that is nearer to its neighbours (after Wenjun Zeng, Jin Li and Shawmin Lei, 2000, as
/// modified by Armando Pinho and António Neves, 2004).
pub(super) fn by_neighbours(indices: &[u8], width: usize, len: usize) -> Vec<u8> {
    let counts = neighbours(indices, width, len);
    let pairs = (0..len * len).max_by_key(|&pair| (counts[pair], std::cmp::Reverse(pair)));
    let first = pairs.unwrap_or(0) / len;
    let mut chain = std::collections::VecDeque::from([first]);
    let mut left: Vec<usize> = (0..len).filter(|&entry| entry != first).collect();
    // How often each entry neighbours the chain.
    let mut bonds: Vec<u64> = (0..len).map(|entry| counts[entry * len + first]).collect();
    while !left.is_empty() {
        let at = (0..left.len()).max_by_key(|&at| (bonds[left[at]], std::cmp::Reverse(at))).expect("some are left");
        let next = left.remove(at);
        // Weighted by how far each member of the chain is from its middle, on which side the neighbours are.
        let middle = chain.len() as i64 - 1;
        let side: i64 =
            (0..).zip(&chain).map(|(place, &member)| (2 * place - middle) * counts[next * len + member] as i64).sum();
        if side > 0 {
            chain.push_back(next);
        } else {
            chain.push_front(next);
        }
        left.iter().for_each(|&entry| bonds[entry] += counts[entry * len + next]);
    }
    chain.into_iter().map(|entry| entry as u8).collect()
}

/// The palette's entries in strands that are tied together: the pairs that neighbour most often are put side by side,
/// as long as both have a free side (after Sebastiano Battiato, Giovanni Gallo, Gaetano Impoco and Filippo Stanco,
/// 2001).
pub(super) fn by_pairs(indices: &[u8], width: usize, len: usize) -> Vec<u8> {
    let counts = neighbours(indices, width, len);
    let mut pairs: Vec<(usize, usize)> = (0..len).flat_map(|a| (a + 1..len).map(move |b| (a, b))).collect();
    pairs.sort_by_key(|&(a, b)| (std::cmp::Reverse(counts[a * len + b]), a, b));
    // The strand that each entry is in; a strand is known by its entries.
    let mut strands: Vec<Vec<u8>> = (0..len).map(|entry| vec![entry as u8]).collect();
    let mut strand_of: Vec<usize> = (0..len).collect();
    for (a, b) in pairs {
        let (into, from) = (strand_of[a], strand_of[b]);
        let is_end = |strand: usize, entry: usize| {
            let ends = [strands[strand].first(), strands[strand].last()];
            ends.contains(&Some(&(entry as u8)))
        };
        if into == from || !is_end(into, a) || !is_end(from, b) {
            continue;
        }
        let mut tied = std::mem::take(&mut strands[from]);
        if strands[into].last() != Some(&(a as u8)) {
            strands[into].reverse();
        }
        if tied.first() != Some(&(b as u8)) {
            tied.reverse();
        }
        tied.iter().for_each(|&entry| strand_of[usize::from(entry)] = into);
        strands[into].extend(tied);
    }
    strands.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_permutations() {
        for len in [1, 2, 3, 17, 256] {
            let indices: Vec<u8> = (0..40 * 30).map(|i| (i * i % 1009 % len) as u8).collect();
            for mut order in [by_pairs(&indices, 40, len), by_neighbours(&indices, 40, len)] {
                order.sort_unstable();
                assert!(order.into_iter().map(usize::from).eq(0..len), "{len}");
            }
        }
    }

    #[test]
    fn a_ramp_is_put_in_order() {
        // Grey levels, shuffled; the picture is a ramp through them.
        let place = |level: usize| (level * 7 % 32) as u8;
        let mut colors = [[0; 3]; 32];
        (0..32).for_each(|level| colors[usize::from(place(level))] = [level as u8 * 8; 3]);
        let ramp: Vec<u8> = (0..4 * 32).map(|at| place(at % 32)).collect();
        let in_order = |order: Vec<u8>| {
            let levels: Vec<u8> = order.into_iter().map(|entry| colors[usize::from(entry)][0]).collect();
            levels.is_sorted() || levels.is_sorted_by(|a, b| a >= b)
        };
        assert!(in_order(by_neighbours(&ramp, 32, 32)));
        assert!(in_order(by_pairs(&ramp, 32, 32)));
    }
}
