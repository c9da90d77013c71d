//! Any volume through the Python package `compresso` in a process of its own: equal streams.
//! CORTADO_PYTHON names a Python that has the package; see tests/interop/requirements.txt.
#![no_main]

use cortado::Volume;
use cortado::compresso::{self, CompressoOptions, Connectivity, Steps};
use libfuzzer_sys::fuzz_target;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex};

/// Reads shape (x, y, z), bytes a label, steps, connectivity, index and labels; answers with the stream, or with
/// nothing where the package refuses.
const PYTHON: &str = r#"
import sys, struct, numpy as np, compresso
read, write = sys.stdin.buffer, sys.stdout.buffer
while header := read.read(10):
    x, y, z, width, sx, sy, sz, six, index, _ = header
    labels = np.frombuffer(bytearray(read.read(x * y * z * width)), f"<u{width}").reshape((x, y, z), order="F")
    try:
        stream = compresso.compress(labels, steps=(sx, sy, sz), connectivity=6 if six else 4, random_access_z_index=bool(index))
        assert np.array_equal(compresso.decompress(stream), labels)
    except compresso.EncodeError:
        stream = b""
    write.write(struct.pack("<I", len(stream)) + stream)
    write.flush()
"#;

static CHILD: LazyLock<Mutex<Child>> = LazyLock::new(|| {
    let python = std::env::var("CORTADO_PYTHON").expect("CORTADO_PYTHON names a Python with compresso");
    let mut command = Command::new(python);
    command.args(["-c", PYTHON]).stdin(Stdio::piped()).stdout(Stdio::piped());
    Mutex::new(command.spawn().expect("Python starts"))
});

fuzz_target!(|input: ([u8; 3], [u8; 3], u8, &[u8])| {
    let (shape, steps, choices, bytes) = input;
    let [depth, height, width] = [1 + shape[0] % 6, 1 + shape[1] % 40, 1 + shape[2] % 80];
    let voxels = usize::from(depth) * usize::from(height) * usize::from(width);
    let Ok(steps) = Steps::new(steps[0], steps[1], steps[2]) else { return };
    if bytes.is_empty() {
        return;
    }
    let label = |voxel: usize| bytes[voxel / (1 + usize::from(choices >> 5)) % bytes.len()];
    let labels: Vec<u8> = (0..voxels).map(label).collect();
    let volume = Volume::from_vec([depth.into(), height.into(), width.into()], labels).expect("as many labels");
    let connectivity = if choices & 1 == 0 { Connectivity::Four } else { Connectivity::Six };
    let index = choices & 2 == 0;
    let options = CompressoOptions::new().steps(steps).connectivity(connectivity).index(index);
    // The labels as they are, and as the upper byte of u32, where the escape is never needed.
    let wide = Volume::from_vec(volume.shape(), volume.labels().iter().map(|&label| u32::from(label) << 24).collect());
    let wide = wide.expect("as many labels");
    let ask = |label_bytes: u8, labels: &[u8]| {
        let mut child = CHILD.lock().expect("no other thread");
        let stdin = child.stdin.as_mut().expect("piped");
        let six = u8::from(connectivity == Connectivity::Six);
        let [x, y, z] = [steps.x() as u8, steps.y() as u8, steps.z() as u8];
        stdin.write_all(&[width, height, depth, label_bytes, x, y, z, six, index.into(), 0]).expect("Python reads");
        stdin.write_all(labels).expect("Python reads");
        stdin.flush().expect("Python reads");
        let stdout = child.stdout.as_mut().expect("piped");
        let mut len = [0; 4];
        stdout.read_exact(&mut len).expect("Python answers");
        let mut stream = vec![0; u32::from_le_bytes(len) as usize];
        stdout.read_exact(&mut stream).expect("Python answers");
        stream
    };
    let wide_bytes: Vec<u8> = wide.labels().iter().flat_map(|label| label.to_le_bytes()).collect();
    assert_eq!(compresso::encode(&volume, &options).unwrap_or_default(), ask(1, volume.labels()));
    assert_eq!(compresso::encode(&wide, &options).unwrap_or_default(), ask(4, &wide_bytes));
});
