"""Makes the files beside this script with other people's writers: Pillow, NumPy and scikit-image.

    pip install numpy pillow scikit-image pypng
    python tests/golden/make_golden.py

Every picture is 13 x 7 pixels (width x height); pixel (y, x) of the indexed ones has the index (3 * y + x) % colours.
"""

import pathlib

import numpy as np
import png
from PIL import Image
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

HERE = pathlib.Path(__file__).parent
HEIGHT, WIDTH = 7, 13
Y, X = np.mgrid[:HEIGHT, :WIDTH]


def palette(colors):
    """Colour i is (7 i, 255 - 5 i, 11 i), each modulo 256."""
    i = np.arange(colors)
    return np.stack([7 * i, 255 - 5 * i, 11 * i], axis=1).astype(np.uint8)


def indexed():
    for bits, colors in [(1, 2), (2, 4), (4, 16), (8, 91)]:
        indices = ((3 * Y + X) % colors).astype(np.uint8)
        entries = [tuple(map(int, color)) for color in palette(colors)]
        for interlaced in (False, True):
            writer = png.Writer(WIDTH, HEIGHT, palette=entries, bitdepth=bits, interlace=interlaced)
            with open(HERE / f"indexed{bits}{'_interlaced' if interlaced else ''}.png", "wb") as file:
                writer.write(file, indices.tolist())
    entries = [(200, 0, 0, 255), (0, 200, 0, 128), (0, 0, 200, 0)]
    with open(HERE / "indexed_transparent.png", "wb") as file:
        png.Writer(WIDTH, HEIGHT, palette=entries, bitdepth=2).write(file, ((3 * Y + X) % 3).tolist())
    indices = ((3 * Y + X) % 16).astype(np.uint8)
    np.savez(HERE / "indexed.npz", palette=palette(16).astype(np.float64), indices=indices)
    np.savez_compressed(HERE / "indexed_compressed.npz", palette=palette(16).astype(np.float64), indices=indices)
    np.save(HERE / "palette_fortran.npy", np.asfortranarray(palette(16).astype(np.float64)))


def photos():
    ramp = (Y * 2000 + X * 4000).astype(np.uint16)
    Image.fromarray(ramp).save(HERE / "grey16.png")
    rgb16 = np.stack([ramp, ramp // 2, 65535 - ramp], axis=2)
    with open(HERE / "rgb16.png", "wb") as file:
        png.Writer(WIDTH, HEIGHT, greyscale=False, bitdepth=16).write(file, rgb16.reshape(HEIGHT, -1).tolist())
    rgba = np.stack([X * 19, Y * 36, X + Y, X * 21], axis=2).astype(np.uint8)
    Image.fromarray(rgba, "RGBA").save(HERE / "rgba.png")
    Image.fromarray(rgba[..., 0], "L").save(HERE / "grey.png")
    Image.fromarray(rgba[..., ::3].copy(), "LA").save(HERE / "grey_alpha.png")
    Image.fromarray(rgba[..., :3]).save(HERE / "rgb.tif")
    exif = Image.Exif()
    exif[0x0112] = 6  # turn 90 degrees clockwise to show
    Image.fromarray(rgba[..., :3]).save(HERE / "turned.jpg", quality=95, subsampling=0, exif=exif)


def metrics():
    photo = np.asarray(Image.open(HERE / "../../data/photos/astronaut.png").convert("RGB"))
    # Posterised to eight levels a channel, which a Rust test repeats to the letter.
    coarse = photo // 32 * 32 + 16
    lumas = [image @ np.array([0.299, 0.587, 0.114]) for image in (photo.astype(float), coarse.astype(float))]
    ssim = structural_similarity(
        *lumas, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255.0
    )
    values = {
        "mse": mean_squared_error(photo, coarse),
        "psnr": peak_signal_noise_ratio(photo, coarse),
        "ssim": ssim,
    }
    (HERE / "metrics.txt").write_text("".join(f"{name} {value:.12g}\n" for name, value in values.items()))


indexed()
photos()
metrics()
