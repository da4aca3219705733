#!/usr/bin/env python3
"""Makes the two embedded fonts from Debian's `fonts-inter` (SIL OFL 1.1). Usage and reasons: README.md.

Three changes: only the characters the window needs stay; the digits are the tabular ones, because egui cannot switch
OpenType features on; a flat and a sharp sign are drawn in, because Inter has none and key names need them.
"""
import sys
from pathlib import Path

from fontTools import subset
from fontTools.misc.transform import Transform
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

SOURCE = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/fonts/opentype/inter")
HERE = Path(__file__).parent
WEIGHTS = {"Regular": 1.0, "SemiBold": 1.35}  # name -> stem factor of the drawn signs

TEXT = [*range(0x20, 0x7F), *range(0xA0, 0x180), 0x218, 0x219, 0x21A, 0x21B]
SYMBOLS = "–—‘’‚“”„†•…‰‹›€™←↑→↓↔↕↺↻⇧⌃⌘⌥⌫⏎−∞≈≠≤≥■▲△▶▼◀◆○●★☆⚠✓✗½¼¾⅛"


def rectangle(pen, x0, y0, x1, y1):
    pen.moveTo((x0, y0)), pen.lineTo((x1, y0)), pen.lineTo((x1, y1)), pen.lineTo((x0, y1)), pen.closePath()


def sharp(pen, em, stem):
    """Two upright stems crossed by two bars that rise to the right."""
    s, bar = 0.070 * em * stem, 0.098 * em * stem
    for x in (0.165, 0.365):
        rise = (x - 0.165) * 0.3
        rectangle(pen, x * em - s / 2, (-0.105 + rise) * em, x * em + s / 2, (0.765 + rise) * em)
    for y in (0.185, 0.445):
        y0, y1 = y * em - bar / 2, (y + 0.13) * em - bar / 2
        pen.moveTo((0.055 * em, y0)), pen.lineTo((0.475 * em, y1))
        pen.lineTo((0.475 * em, y1 + bar)), pen.lineTo((0.055 * em, y0 + bar)), pen.closePath()


def flat(pen, em, stem):
    """A stem and a bowl that leans down to its foot; the counter runs the other way round."""
    s = 0.074 * em * stem

    def p(x, y):
        return (x * em, y * em)

    left, inner = 0.075, 0.075 + s / em
    pen.moveTo(p(left, 0.80)), pen.lineTo(p(left, -0.02))
    pen.curveTo(p(0.20, 0.02), p(0.44, 0.14), p(0.44, 0.315))
    pen.curveTo(p(0.44, 0.44), p(0.36, 0.49), p(0.285, 0.49))
    pen.curveTo(p(0.225, 0.49), p(0.175, 0.46), p(inner, 0.42))
    pen.lineTo(p(inner, 0.80)), pen.closePath()
    right = 0.44 - 0.088 * stem
    pen.moveTo(p(inner, 0.33))
    pen.curveTo(p(0.185, 0.385), p(0.225, 0.405), p(0.265, 0.405))
    pen.curveTo(p(0.315, 0.405), p(right, 0.37), p(right, 0.305))
    pen.curveTo(p(right, 0.20), p(0.255, 0.125), p(inner, 0.075)), pen.closePath()


def add_glyph(font, name, code, draw, advance, stem):
    em = font["head"].unitsPerEm
    cff = font["CFF "].cff
    top = cff.topDictIndex[0]
    pen = T2CharStringPen(round(advance * em), None)
    # Cap height of the drawing (0.8 em) scaled to stand a little above Inter's capitals (0.727 em).
    draw(TransformPen(pen, Transform().scale(0.95, 0.95)), em, stem)
    private = top.FDArray[0].Private if hasattr(top, "FDArray") else top.Private
    glyph = pen.getCharString(private, cff.GlobalSubrs)
    top.CharStrings.charStringsIndex.append(glyph)
    top.CharStrings.charStrings[name] = len(top.CharStrings.charStringsIndex) - 1
    if hasattr(top, "FDSelect") and top.FDSelect is not None:
        top.FDSelect.append(0)
    font.setGlyphOrder([*font.getGlyphOrder(), name] if name not in font.getGlyphOrder() else font.getGlyphOrder())
    top.charset = font.getGlyphOrder()
    font["hmtx"][name] = (round(advance * em), round(0.05 * em))
    for table in font["cmap"].tables:
        if table.isUnicode():
            table.cmap[code] = name


def tabular_digits(font):
    """Points the characters 0-9 at the glyphs that the `tnum` feature would put in their place."""
    gsub = font["GSUB"].table
    lookups = next(r.Feature.LookupListIndex for r in gsub.FeatureList.FeatureRecord if r.FeatureTag == "tnum")
    mapping = {}
    for index in lookups:
        for sub in gsub.LookupList.Lookup[index].SubTable:
            mapping.update(getattr(sub, "ExtSubTable", sub).mapping)
    for table in font["cmap"].tables:
        if table.isUnicode():
            for digit in range(0x30, 0x3A):
                table.cmap[digit] = mapping.get(table.cmap[digit], table.cmap[digit])  # tables may share a dict
    cmap = font.getBestCmap()
    width = max(font["hmtx"][cmap[digit]][0] for digit in range(0x30, 0x3A))
    for digit in range(0x30, 0x3A):  # SemiBold's differ by three units
        font["hmtx"][cmap[digit]] = (width, font["hmtx"][cmap[digit]][1])


for weight, stem in WEIGHTS.items():
    font = TTFont(SOURCE / f"Inter-{weight}.otf")
    font.ensureDecompiled()
    tabular_digits(font)
    options = subset.Options()
    # No `calt`: it would turn "->" and "4x4" into other characters than those typed.
    options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl"]
    options.hinting = True
    options.desubroutinize = True
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 7, 13, 14, 16, 17]
    options.glyph_names = False
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[*TEXT, *map(ord, SYMBOLS)])
    subsetter.subset(font)
    add_glyph(font, "uni266D", 0x266D, flat, 0.46, stem)
    add_glyph(font, "uni266F", 0x266F, sharp, 0.52, stem)
    font["head"].modified = font["head"].created  # the same bytes on every run
    font.recalcTimestamp = False
    out = HERE / f"Inter-{weight}.otf"
    font.save(out)
    print(out.name, out.stat().st_size, "bytes", len(font.getGlyphOrder()), "glyphs")
