fn main() {
    cortado::laff::train::measure(&std::env::args().skip(1).collect::<Vec<_>>());
}
