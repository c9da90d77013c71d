//! Codes which label each region of a slice has, as numbers of a dictionary's entries.
//!
//! Large regions come first, in raster order: they mostly have the label of what lies before them in z. Small ones
//! follow: most are specks that a diagonal parts from their object, or that have the label that other specks have.

use super::regions::{NONE, Region, Regions, Run};
use crate::error::{Error, Result};
use crate::mixing::{Counter, code_number};
use crate::range_coder::Coder;

/// Regions of fewer voxels are small.
const LARGE: u32 = 32;

/// Labels that a slice before can offer to a large region.
const OFFERS: usize = 4;

/// The regions of a slice and the number of each one's label.
#[derive(Default)]
pub(super) struct Slice {
    pub(super) regions: Regions,
    pub(super) names: Vec<u32>,
}

/// The labels of slices' regions, coded one slice after another.
pub(super) struct Naming {
    entries: u32,
    /// Whether a large region has the label that a slice before offers, by the offer's rank, by how much of the region
    /// it covers, and by the region's size.
    offers: [[[Counter; 16]; 9]; OFFERS],
    /// Whether a small region has the label of one nearby, by the latter's rank, by whether the slice before has it
    /// too, and by the region's size.
    nearby: [[[Counter; 8]; 3]; 4],
    /// Whether it has the label of the slice before, and the label that was last spelt out, by the region's size.
    before: [Counter; 8],
    recent: [Counter; 8],
    /// For entries that are spelt out.
    numbers: Box<[Counter]>,
    last_spelt: u32,
    /// For each large region of a slice, what the slice before offers.
    overlaps: Vec<Overlaps>,
    /// What is around a small region.
    around: Around,
}

impl Naming {
    /// For a dictionary of so many entries.
    pub(super) fn new(entries: usize) -> Self {
        let mut naming = Self {
            entries: entries as u32,
            offers: [[[Counter::UNSEEN; 16]; 9]; OFFERS],
            nearby: [[[Counter::UNSEEN; 8]; 3]; 4],
            before: [Counter::UNSEEN; 8],
            recent: [Counter::UNSEEN; 8],
            numbers: vec![Counter::UNSEEN; entries.next_power_of_two().min(1 << 16)].into(),
            last_spelt: NONE,
            overlaps: Vec::new(),
            around: Around::default(),
        };
        naming.forget();
        naming
    }

    /// Starts anew.
    pub(super) fn forget(&mut self) {
        self.offers.as_flattened_mut().as_flattened_mut().fill(Counter::UNSEEN);
        self.nearby.as_flattened_mut().as_flattened_mut().fill(Counter::UNSEEN);
        self.before.fill(Counter::UNSEEN);
        self.recent.fill(Counter::UNSEEN);
        self.numbers.fill(Counter::UNSEEN);
        self.last_spelt = NONE;
    }

    /// Codes the names of a slice's regions. An encoder's are in `truth`, which is empty for a decoder.
    ///
    /// # Errors
    /// The dictionary has no such entry: only a decoder meets that.
    pub(super) fn code(
        &mut self,
        coder: &mut impl Coder,
        slice: &mut Slice,
        before: Option<&Slice>,
        truth: &[u32],
    ) -> Result<()> {
        let Slice { regions, names } = slice;
        names.clear();
        names.resize(regions.regions().len(), NONE);
        self.overlaps.clear();
        self.overlaps.resize(names.len(), Overlaps::default());
        if let Some(before) = before {
            self.find_overlaps(regions, before);
        }
        let truth = |number: usize| truth.get(number).copied().unwrap_or(NONE);
        for (number, region) in regions.regions().iter().enumerate() {
            if region.voxels >= LARGE {
                names[number] = self.code_large(coder, number, region, truth(number))?;
            }
        }
        for (number, region) in regions.regions().iter().enumerate() {
            if region.voxels < LARGE {
                self.around.find(regions, names, number as u32, region);
                names[number] = self.code_small(coder, before, truth(number))?;
            }
        }
        Ok(())
    }

    fn find_overlaps(&mut self, regions: &Regions, before: &Slice) {
        for y in 0..regions.height() {
            let (here, there) = (regions.row(y), before.regions.row(y));
            let (mut at, mut start) = (0, 0);
            for run in here {
                let is_large = regions.regions()[run.region as usize].voxels >= LARGE;
                let overlaps = &mut self.overlaps[run.region as usize];
                while start < run.end {
                    let other = there[at];
                    let end = run.end.min(other.end);
                    if is_large {
                        overlaps.add(before.names[other.region as usize], end - start);
                    }
                    start = end;
                    at += usize::from(other.end == end);
                }
            }
        }
    }

    fn code_large(&mut self, coder: &mut impl Coder, number: usize, region: &Region, truth: u32) -> Result<u32> {
        let offers = self.overlaps[number].sorted();
        let size = (region.voxels.ilog2() as usize).min(15);
        for (&(name, voxels), counters) in offers.iter().zip(&mut self.offers) {
            if voxels == 0 {
                break;
            }
            let share = (u64::from(voxels) * 8 / u64::from(region.voxels)) as usize;
            if counters[share][size].code(coder, name == truth) {
                return Ok(name);
            }
        }
        self.spell(coder, truth)
    }

    fn code_small(&mut self, coder: &mut impl Coder, before: Option<&Slice>, truth: u32) -> Result<u32> {
        let around = &mut self.around;
        let size = around.voxels.ilog2() as usize;
        let behind = before.map(|slice| slice.names[slice.regions.at(around.y, around.x).region as usize]);
        for (rank, &(name, _)) in around.sorted().iter().enumerate() {
            let agrees = behind.map_or(2, |behind| (behind == name).into());
            if self.nearby[rank.min(3)][agrees][size].code(coder, name == truth) {
                return Ok(name);
            }
        }
        for (name, counters) in [(behind.unwrap_or(NONE), &mut self.before), (self.last_spelt, &mut self.recent)] {
            // What is nearby is not, and what is beside cannot be.
            if name != NONE && around.exclude(name) && counters[size].code(coder, name == truth) {
                return Ok(name);
            }
        }
        self.last_spelt = self.spell(coder, truth)?;
        Ok(self.last_spelt)
    }

    fn spell(&mut self, coder: &mut impl Coder, truth: u32) -> Result<u32> {
        let bits = u64::from(self.entries).next_power_of_two().ilog2();
        let name = code_number(coder, &mut self.numbers, truth.into(), bits) as u32;
        if name >= self.entries {
            return Err(Error::malformed(super::FORMAT, format!("label {name} of {} is named", self.entries)));
        }
        Ok(name)
    }
}

/// The labels that cover most of a region in the slice before, with the voxels that each covers.
#[derive(Clone, Copy)]
struct Overlaps([(u32, u32); OFFERS]);

impl Default for Overlaps {
    fn default() -> Self {
        Self([(NONE, 0); OFFERS])
    }
}

impl Overlaps {
    #[inline]
    fn add(&mut self, name: u32, voxels: u32) {
        let [(first, covered), ..] = &mut self.0;
        if *first == name {
            *covered += voxels;
        } else if let Some((_, covered)) = self.0[1..].iter_mut().find(|(other, _)| *other == name) {
            *covered += voxels;
        } else if let Some(least) = self.0.iter_mut().min_by_key(|(_, covered)| *covered)
            && least.1 < voxels
        {
            // What is forgotten covered little, or will come again.
            *least = (name, voxels);
        }
    }

    fn sorted(mut self) -> [(u32, u32); OFFERS] {
        self.0.sort_by_key(|&(_, covered)| std::cmp::Reverse(covered));
        self.0
    }
}

/// The labels around a small region that are known.
#[derive(Default)]
struct Around {
    y: usize,
    x: usize,
    voxels: u32,
    /// Labels that share an edge with the region, and so are not its own, and others that it was found not to have.
    excluded: Vec<u32>,
    /// Labels in the rectangle around it and one voxel further, with their voxels there.
    nearby: Vec<(u32, u32)>,
}

impl Around {
    fn find(&mut self, regions: &Regions, names: &[u32], number: u32, region: &Region) {
        let Self { excluded, nearby, .. } = self;
        excluded.clear();
        nearby.clear();
        let (mut left, mut right) = (u32::MAX, 0);
        let (mut top, mut bottom, mut x) = (None, 0, 0);
        for (y, run) in regions.runs_of(region) {
            if top.is_none() {
                (top, x) = (Some(y), run.start);
            }
            (left, right, bottom) = (left.min(run.start), right.max(run.end), y);
            let beside = run.start.saturating_sub(1)..run.end + 1;
            let rows = [(y, beside), (y.wrapping_sub(1), run.start..run.end), (y + 1, run.start..run.end)];
            for (y, stretch) in rows {
                for other in regions.overlapping(y, stretch) {
                    let name = names[other.region as usize];
                    if name != NONE && other.region != number && !excluded.contains(&name) {
                        excluded.push(name);
                    }
                }
            }
        }
        let top = top.unwrap_or_default();
        let stretch = left.saturating_sub(1)..right + 1;
        for y in top.saturating_sub(1)..bottom + 2 {
            for &Run { start, end, region, .. } in regions.overlapping(y, stretch.clone()) {
                let name = names[region as usize];
                if name == NONE || excluded.contains(&name) {
                    continue;
                }
                let voxels = end.min(stretch.end) - start.max(stretch.start);
                match nearby.iter_mut().find(|(other, _)| *other == name) {
                    Some((_, count)) => *count += voxels,
                    None => nearby.push((name, voxels)),
                }
            }
        }
        (self.y, self.x, self.voxels) = (top, x as usize, region.voxels);
    }

    /// The labels nearby, those with most voxels first.
    fn sorted(&mut self) -> &[(u32, u32)] {
        self.nearby.sort_by_key(|&(_, voxels)| std::cmp::Reverse(voxels));
        &self.nearby
    }

    /// Whether the region can still have a label that is now tried; from here on not.
    fn exclude(&mut self, name: u32) -> bool {
        if self.excluded.contains(&name) || self.nearby.iter().any(|&(other, _)| other == name) {
            return false;
        }
        self.excluded.push(name);
        true
    }
}
