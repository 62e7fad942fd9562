"""Pictures in place of the vendor's: the exact pixels that were asked for, and what was asked, readable."""

import colorsys
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont
# Fonts with Chinese characters, by their usual file names; Pillow looks in the system's folders.
CHINESE_FONTS = (
    *("NotoSansCJK-Regular.ttc", "NotoSansSC-Regular.otf", "SourceHanSansSC-Regular.otf", "wqy-microhei.ttc"),
    *(
        "wqy-zenhei.ttc",
        "DroidSansFallbackFull.ttf",
        "PingFang.ttc",
        "Hiragino Sans GB.ttc",
        "STHeiti Light.ttc",
    ),
    *("msyh.ttc", "simhei.ttf", "simsun.ttc", "Arial Unicode.ttf"),
)
MOST_CHARACTERS = 400  # of a prompt, drawn; the whole of it stands in the file's text chunk
MOST_LINES = 6
COVER_SIDE = 512  # longer side of a cover, in pixels


@dataclass(frozen=True)
class Picture:
    """What to draw. width, height: pixels. size: the words that asked for it. index: from 0, of `total`."""

    width: int
    height: int
    prompt: str
    model: str
    size: str = ""
    index: int = 0
    total: int = 1
    watermark: bool = False

    @property
    def caption(self) -> str:
        pixels = f"{self.width}x{self.height}"
        size = pixels if self.size in ("", pixels) else f"{self.size} ({pixels})"
        several = [f"{self.index + 1} of {self.total}"] if self.total > 1 else []
        return " - ".join([self.model, size, *several])


def render(picture: Picture, inputs: Sequence[bytes]) -> bytes:
    """A PNG file, the same for the same arguments; thumbnails of `inputs` in the upper right corner."""
    return _rendered(picture, tuple(inputs))


@lru_cache(maxsize=16)  # files of 0.1 MB: each is drawn once, however often it is fetched
def _rendered(picture: Picture, inputs: tuple[bytes, ...]) -> bytes:
    image = _gradient(picture)
    _write(image, picture)
    _paste_inputs(image, inputs)
    text = PngImagePlugin.PngInfo()
    text.add_itxt("prompt", picture.prompt.encode("utf-8", "replace").decode())
    text.add_text("Software", "SANDBOX")
    text.add_itxt("caption", picture.caption)
    return _png(image, text)


def shrink(png: bytes) -> bytes:
    """The same picture, small: a cover."""
    image = Image.open(io.BytesIO(png))
    image.thumbnail((COVER_SIDE, COVER_SIDE))
    return _png(image, None)


def recode(picture: bytes, name: str) -> bytes:
    """The same picture as "jpeg", "webp" or "gif"."""
    file = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").save(file, name)
    return file.getvalue()


def _png(image: Image.Image, text: PngImagePlugin.PngInfo | None) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1, pnginfo=text)
    return file.getvalue()


def _gradient(picture: Picture) -> Image.Image:
    """Neighbouring hues taken from the prompt, turned a little for each of several; drawn tiny, enlarged."""
    seed = sha256(picture.prompt.encode("utf-8", "replace")).digest()
    hue = seed[0] / 256 + picture.index * 0.13
    turn = 0.10 + seed[1] / 256 * 0.15
    tiny = Image.new("RGB", (4, 4))
    for x in range(4):
        for y in range(4):
            light = 0.70 - 0.09 * y + 0.03 * ((seed[2 + x] + y) % 3)
            shades = colorsys.hls_to_rgb((hue + turn * (x + y) / 6) % 1, light, 0.62)
            tiny.putpixel((x, y), (round(shades[0] * 255), round(shades[1] * 255), round(shades[2] * 255)))
    middle = tiny.resize((256, 256), Image.Resampling.BICUBIC)
    return middle.resize((picture.width, picture.height), Image.Resampling.BILINEAR)


def _write(image: Image.Image, picture: Picture) -> None:
    """The words, white on a darkened band along the bottom."""
    unit = max(12, min(picture.width, picture.height) // 22)
    small, (prompt_font, prompt) = (
        _plain_font(unit * 3 // 4),
        _font_for(picture.prompt[:MOST_CHARACTERS], unit),
    )
    lines = _wrap(prompt, prompt_font, picture.width - 3 * unit)
    band = round(unit * (3.6 + 1.4 * len(lines)))
    top = max(0, picture.height - band)
    dark = image.crop((0, top, picture.width, picture.height)).point(lambda level: level * 0.42)
    image.paste(dark, (0, top))
    draw = ImageDraw.Draw(image)
    draw.text((1.5 * unit, top + 0.7 * unit), "SANDBOX", font=small, fill=(255, 214, 102))
    for number, line in enumerate(lines):
        draw.text((1.5 * unit, top + unit * (1.9 + 1.4 * number)), line, font=prompt_font, fill="white")
    draw.text((1.5 * unit, picture.height - 1.6 * unit), picture.caption, font=small, fill=(225, 225, 225))
    if picture.watermark:
        draw.text((1.5 * unit, 1.5 * unit), "WATERMARK", font=_plain_font(unit * 2), fill="white")


def _wrap(text: str, font: Font, width: int) -> list[str]:
    """Lines no wider than `width` pixels, broken at blanks, and anywhere where there are none."""
    lines, line = [], ""
    for word in _pieces(" ".join(text.split()), font, width):
        if line and font.getlength(line + word.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += word
    lines.append(line.rstrip())
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], lines[MOST_LINES - 1][:-1] + "..."]
    return lines


def _pieces(text: str, font: Font, width: int) -> list[str]:
    """Words with the blank behind them; a word wider than a line falls into its characters."""
    pieces: list[str] = []
    for word in (word + " " for word in text.split(" ")):
        pieces.extend([word] if font.getlength(word) <= width else list(word))
    return pieces


def _font_for(text: str, size: int) -> tuple[Font, str]:
    """A font for these characters, and the text with "?" for those that it could not show."""
    plain = text.encode("latin-1", "replace").decode("latin-1")
    name = None if plain == text else _chinese_font()
    return (_plain_font(size), plain) if name is None else (ImageFont.truetype(name, size), text)


@cache
def _chinese_font() -> str | None:
    for name in CHINESE_FONTS:
        try:
            ImageFont.truetype(name, 12)
        except OSError:
            continue
        return name
    return None


@cache
def _plain_font(size: int) -> Font:
    """Pillow's own, the same on every machine."""
    return ImageFont.load_default(size)


def _paste_inputs(image: Image.Image, inputs: Sequence[bytes]) -> None:
    """Up to four thumbnails in a row, with a white edge. Bytes that are no picture are passed over."""
    side = min(image.size) // 4
    right = image.width - side // 8
    for data in inputs[:4]:
        try:
            source = Image.open(io.BytesIO(data))
            source.thumbnail((side, side))
            thumb = source.convert("RGB")
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            continue
        edge = max(2, side // 40)
        right -= thumb.width + 2 * edge
        image.paste(
            (255, 255, 255),
            (right, side // 8, right + thumb.width + 2 * edge, side // 8 + thumb.height + 2 * edge),
        )
        image.paste(thumb, (right + edge, side // 8 + edge))
        right -= edge
