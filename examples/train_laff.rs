//! Trains the tables of the laff codec on a folder of photos.
fn main() {
    let folder = std::env::args().nth(1).expect("a folder");
    let passes = std::env::args().nth(2).map_or(12, |n| n.parse().unwrap());
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "png")).collect();
    names.sort();
    let photos: Vec<_> = names.iter().map(|p| cortado::Photo::open(p).unwrap()).collect();
    if passes == 0 {
        let bytes = cortado::laff::train::only_filters(&photos, &std::fs::read("src/laff/tables.bin").unwrap());
        std::fs::write("src/laff/tables.bin", bytes).unwrap();
        return;
    }
    let bytes = cortado::laff::train::train(&photos, passes, |line| println!("{line}"));
    std::fs::write("src/laff/tables.bin", bytes).unwrap();
}
