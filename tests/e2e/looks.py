"""What a person with a thumb, or with tired eyes, would complain of: targets too small, and text too pale."""

from __future__ import annotations

from playwright.sync_api import Page

# WCAG 2.2, 2.5.8 with our own bounds (24 px, 44 on touch). A link inside a sentence is as high as its line.
_SMALL = """(least) => {
  const found = [];
  const in_sentence = (one) => one.tagName === "A" && (one.closest(".readme, .message, .box, pre") !== null ||
    [...one.parentElement.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()));
  for (const one of document.querySelectorAll("a[href], button, select, summary, textarea, input:not([type=hidden])")) {
    const box = one.getBoundingClientRect();
    if (in_sentence(one)) continue;
    if (!one.checkVisibility({visibilityProperty: true, opacityProperty: true}) || box.width < 2) continue;
    if (box.height + 0.5 < least || box.width + 0.5 < 24)
      found.push(`${one.tagName.toLowerCase()} "${(one.ariaLabel || one.innerText || one.name || one.id).trim()}" ` +
        `${Math.round(box.width)} x ${Math.round(box.height)}`);
  }
  return [...new Set(found)];
}"""

# WCAG 2.2, 1.4.3: 4.5 : 1, and 3 : 1 for large text. The background is that of the nearest ancestor that has one.
_PALE = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const over = (top, below) => top.slice(0, 3).map((v, i) => v * top[3] / 255 + below[i] * (1 - top[3] / 255));
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 255) break;
    }
    const canvasColour = matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
    return layers.reverse().reduce((below, layer) => over(layer, below), canvasColour);
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (!text || element.closest("script, style, svg, [disabled], [aria-hidden=true]")) continue;
    if (!element.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
    const style = getComputedStyle(element), ground = behind(element);
    const [a, b] = [light(over(rgba(style.color), ground)), light(ground)].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < (large ? 3 : 4.5)) found.add(`"${text.slice(0, 40)}" ${contrast.toFixed(2)} : 1`);
  }
  return [...found];
}"""


def small_targets(page: Page, *, touch: bool) -> list[str]:
    """Every visible control and link outside of sentences that is lower than 24 px, or 44 where it is touched."""
    found: list[str] = page.evaluate(_SMALL, 44 if touch else 24)
    return found


def pale_texts(page: Page) -> list[str]:
    """Every visible text whose contrast is below 4.5 : 1 (3 : 1 where it is large), with its contrast."""
    found: list[str] = page.evaluate(_PALE)
    return found
