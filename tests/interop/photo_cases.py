"""What the cases of pictures have in common: pictures, a case beside what must come of it, and the PNG chunks."""

import dataclasses
import io
import pathlib

import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXACT, ALMOST, NEAR = ("max", 0), ("max", 1), ("max", 3)
PHOTO, PATCHES = ("psnr", 50.0), ("psnr", 45.0)
LOSSY = ("psnr", 40.0)
SIZES = [(1, 1), (1, 9), (7, 5), (17, 33), (40, 61)]


@dataclasses.dataclass
class Case:
    """A file, the pictures (height, width, 3) of which one must come of it, or patterns of the refusal; or either."""

    name: str
    path: pathlib.Path
    wants: list
    refuse: list | None
    bound: tuple


class Cases:
    """Cases in a folder, each file with a name of its own."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.list = []

    def add(self, name, extension, data, want=None, bound=EXACT, refuse=None):
        """`want` is a picture of shape (height, width) or (height, width, 3), or a list of those that are right."""
        wants = want if isinstance(want, list) else [] if want is None else [want]
        assert wants or refuse, name
        path = self.folder / f"{len(self.list):04}_{name}.{extension}"
        path.write_bytes(data)
        self.list.append(Case(name, path, [as_rgb(want) for want in wants], refuse, bound))
        return path


def as_rgb(picture):
    picture = np.asarray(picture)
    assert picture.dtype == np.uint8, picture.dtype
    picture = picture[:, :, None] if picture.ndim == 2 else picture
    return np.broadcast_to(picture, (*picture.shape[:2], 3)) if picture.shape[2] == 1 else picture


def psnr(a, b):
    error = ((a.astype(float) - b.astype(float)) ** 2).mean()
    return 10 * np.log10(255**2 / error) if error else np.inf


def over_white(colour, opacity):
    """Colour (height, width, channels) and opacity (height, width), both from 0 to 1, as 8 bits over white."""
    share = opacity[:, :, None]
    return np.round(255 * (colour * share + 1 - share)).astype(np.uint8)


def to_8(samples, top):
    """Samples from 0 to `top` as 8 bits."""
    return np.round(samples.astype(float) * 255 / top).astype(np.uint8)


def smooth(height=107, width=160, channels=3, top=255):
    """A picture without noise: ramps and waves that use all of the range."""
    y, x = np.mgrid[:height, :width]
    planes = [x / max(width - 1, 1), y / max(height - 1, 1), 0.5 + 0.4 * np.sin(x / 9) * np.cos(y / 11)]
    planes += [0.5 + 0.5 * np.cos((x + y) / 13)]
    kind = np.uint8 if top < 256 else np.uint16
    return np.round(np.dstack(planes[:channels]) * top).astype(kind)


def noise(height, width, channels, top, seed=0):
    kind = np.uint8 if top < 256 else np.uint16
    return np.random.default_rng([seed, height, width]).integers(0, top + 1, (height, width, channels)).astype(kind)


def patches(channels=3):
    """Squares of pure colours: every channel at 0, a third, two thirds and full."""
    steps = np.array([0, 85, 170, 255], np.uint8)
    colours = np.stack(np.meshgrid(*[steps] * channels, indexing="ij"), -1).reshape(-1, channels)
    side = 8 if channels < 4 else 16
    return colours.reshape(-1, side, channels).repeat(8, 0).repeat(8, 1)


def china():
    return np.asarray(Image.open(ROOT / "data/photos/china.jpg").convert("RGB"))


def saved(picture, kind, **options):
    """The bytes of a file that Pillow writes."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def opened(data, mode="RGB"):
    """What Pillow reads."""
    return np.asarray(Image.open(io.BytesIO(data)).convert(mode))


def flat(data):
    """What Pillow reads, laid over white."""
    rgba = opened(data, "RGBA").astype(float) / 255
    return over_white(rgba[:, :, :3], rgba[:, :, 3])


def turned(picture, orientation):
    """A picture as it is seen under an EXIF orientation from 1 to 8."""
    if orientation in (5, 6, 7, 8):
        picture = picture.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    if orientation in (3, 4, 7, 8):
        picture = picture[::-1]
    return picture
