"""Makes the pictures and the reference readings of clipengine/ocr/testdata.

The pictures are drawn here, so what stands in them is known. They are read by
rapidocr-onnxruntime, the Python original, and its lines are kept beside the truth.

Usage: fixture.py REPOSITORY   (in a virtual environment with requirements.txt, DejaVu fonts)
"""

import json
import pathlib
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from rapidocr_onnxruntime import RapidOCR

FONTS = pathlib.Path("/usr/share/fonts/truetype/dejavu")


def font(size, name="DejaVuSans"):
    return ImageFont.truetype(str(FONTS / f"{name}.ttf"), size)


def page():
    """Plain text on paper, as a scan or a photo of a letter has it."""
    lines = [
        "Minutes of the garden club",
        "The meeting on 14 March 2024 began at seven.",
        "Twelve members were present, two sent excuses.",
        "Anna reported that the greenhouse needs new glass.",
        "The price of 1,280.50 euros was accepted.",
        "Seeds will be swapped at Miller's farm in April.",
    ]
    img = Image.new("RGB", (900, 520), "white")
    d = ImageDraw.Draw(img)
    for i, line in enumerate(lines):
        d.text((60, 50 + 72 * i), line, font=font(30 if i else 40, "DejaVuSerif"), fill=(30, 30, 30))
    return img, lines


def screen():
    """A window with a title, a list, buttons and small text, light on dark and dark on light."""
    img = Image.new("RGB", (1280, 800), (245, 246, 247))
    d = ImageDraw.Draw(img)
    lines = []

    def put(x, y, text, size, fill, name="DejaVuSans"):
        d.text((x, y), text, font=font(size, name), fill=fill)
        lines.append(text)

    d.rectangle((0, 0, 1280, 56), fill=(32, 35, 38))
    put(24, 15, "Train tickets", 22, (236, 238, 240), "DejaVuSans-Bold")
    put(1050, 18, "Sign out", 17, (163, 171, 179))
    d.rectangle((0, 57, 260, 800), fill=(255, 255, 255))
    for i, text in enumerate(("Journeys", "Invoices", "Travellers", "Settings")):
        put(32, 96 + 56 * i, text, 18, (28, 31, 34))
    put(310, 96, "Your journey to Hamburg", 30, (28, 31, 34), "DejaVuSans-Bold")
    put(310, 156, "Departure Tuesday 09:42, platform 7, coach 21, seat 85", 18, (91, 98, 105))
    put(310, 196, "Booking reference QX7RTB", 18, (91, 98, 105))
    put(310, 250, "Total price 49.90 EUR including reservation", 18, (28, 31, 34))
    d.rectangle((310, 310, 520, 360), fill=(11, 122, 117))
    put(340, 322, "Show ticket", 20, (255, 255, 255), "DejaVuSans-Bold")
    put(310, 420, "Changes are free of charge until one day before departure.", 16, (91, 98, 105))
    put(310, 452, "Questions? Write to help@example.org", 16, (91, 98, 105))
    return img, lines


def warp(img, corners, size):
    """Maps a picture to four corners of a transparent one of a size."""
    w, h = img.size
    src = [(0, 0), (w, 0), (w, h), (0, h)]
    a = []
    for (x, y), (u, v) in zip(corners, src):
        a.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        a.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    b = np.array(src, dtype=float).reshape(8)
    c = np.linalg.solve(np.array(a, dtype=float), b)
    return img.transform(size, Image.Transform.PERSPECTIVE, tuple(c), Image.Resampling.BICUBIC)


def sign(base):
    """A road sign on a photo, seen from the side, a little soft and noisy as cameras make it."""
    lines = ["BAKERY", "OPEN DAILY", "Fresh bread from 6 am"]
    board = Image.new("RGBA", (640, 360), (24, 78, 48, 255))
    d = ImageDraw.Draw(board)
    d.rounded_rectangle((10, 10, 629, 349), 24, outline="white", width=6)
    for text, y, size in ((lines[0], 36, 96), (lines[1], 160, 64), (lines[2], 256, 44)):
        d.text((320, y), text, font=font(size, "DejaVuSans-Bold"), fill="white", anchor="ma")
    photo = Image.open(base).convert("RGB")
    photo = photo.resize((1024, round(photo.height * 1024 / photo.width)), Image.Resampling.LANCZOS)
    board = warp(board, [(330, 190), (840, 120), (815, 430), (350, 420)], photo.size)
    photo.paste(board, (0, 0), board)
    photo = photo.filter(ImageFilter.GaussianBlur(0.8))
    noise = np.random.default_rng(1).normal(0, 4, (photo.height, photo.width, 3))
    return Image.fromarray(np.clip(np.asarray(photo) + noise, 0, 255).astype(np.uint8)), lines


def turned():
    """Lines that run uphill, and one that stands upright on its side."""
    lines = ["Museum of Clocks", "Third floor, room 12"]
    flat = Image.new("RGB", (760, 460), (238, 232, 214))
    d = ImageDraw.Draw(flat)
    for i, line in enumerate(lines):
        d.text((110, 140 + 90 * i), line, font=font(46), fill=(70, 40, 30))
    flat = flat.rotate(12, Image.Resampling.BICUBIC, fillcolor=(238, 232, 214))
    spine = Image.new("RGB", (400, 60), (40, 52, 90))
    ImageDraw.Draw(spine).text((20, 8), "COLLECTED LETTERS", font=font(34), fill=(250, 240, 200))
    flat.paste(spine.rotate(90, expand=True), (15, 30))
    return flat, ["COLLECTED LETTERS"] + lines


def main():
    repo = pathlib.Path(sys.argv[1])
    out = repo / "clipengine" / "ocr" / "testdata"
    out.mkdir(parents=True, exist_ok=True)
    samples = repo / "assets" / "samples"
    made = {
        "page.png": page(),
        "screen.png": screen(),
        "sign.jpg": sign(samples / "mountain-path.jpg"),
        "turned.png": turned(),
    }
    fixture = []
    engine = RapidOCR(intra_op_num_threads=2)
    for name, (img, lines) in made.items():
        img.save(out / name, **({"quality": 82} if name.endswith(".jpg") else {"optimize": True}))
        fixture.append({"file": f"testdata/{name}", "truth": lines})
    for name in ("handwritten-notes.jpg", "forest-stream.jpg", "kitten-with-yarn.jpg", "horses-in-field.jpg"):
        fixture.append({"file": f"../../assets/samples/{name}", "truth": None if name.startswith("hand") else []})
    for entry in fixture:
        result, _ = engine(str((out.parent / entry["file"]).resolve()))
        entry["original"] = [
            {"box": [[round(x, 1) for x in p] for p in box], "text": text, "confidence": round(float(score), 4)}
            for box, text, score in result or []
        ]
        print(entry["file"], *(f"\n    {l['text']!r} {l['confidence']}" for l in entry["original"]))
    (out / "original.json").write_text(json.dumps(fixture, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
