// A figure of a run: as a picture with its own description, enlarged in a dialog, saved as SVG or PNG.

import { saveBlob } from '../api.js';
import { t } from '../i18n.js';
import { button, card, dialog, h, toast } from '../ui.js';

/** Pixels of a saved picture for each unit of the drawing: 300 dots an inch where a unit is a pixel of 96. */
const SHARP = 3.125;

/** Draws an SVG on a white ground and saves it as PNG. */
async function savePng(src, name, { width, height }) {
  const image = new Image();
  image.src = src;
  await image.decode();
  const canvas = h('canvas', { width: Math.round(width * SHARP), height: Math.round(height * SHARP) });
  const context = canvas.getContext('2d');
  context.fillStyle = 'white';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, 'image/png'); });
  if (!blob) throw new Error('the picture is too large');
  saveBlob(blob, name);
}

/**
 * The card of a figure and the address of its picture, which the caller frees: `{node, src}`. `more(title)` makes further
 * buttons, `data(title)` the one that saves the data behind the figure, or null.
 */
export function figureCard(file, text, described, { data, more }) {
  const blob = new Blob([text], { type: 'image/svg+xml' });
  const src = URL.createObjectURL(blob);
  const svg = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
  const part = (name) => svg.querySelector(name)?.textContent.trim() ?? '';
  const title = described || part('title') || file;
  const alt = part('desc') || part('title') || title;
  const box = (svg.getAttribute('viewBox') ?? '').split(/[\s,]+/).map(Number);
  const size = { width: parseFloat(svg.getAttribute('width')) || box[2] || 800, height: parseFloat(svg.getAttribute('height')) || box[3] || 600 };
  const saving = () => [
    button('SVG', { kind: 'quiet', icon: 'download', 'aria-label': t('results.svg', { name: title }), onclick: () => saveBlob(blob, file) }),
    button('PNG', { kind: 'quiet', icon: 'download', 'aria-label': t('results.png', { name: title }), onclick: () => savePng(src, file.replace(/\.svg$/, '.png'), size).catch((error) => toast(error.message, 'error')) }),
    data(title),
  ];
  const enlarge = () => dialog(title, () => h('img', { class: 'figure-large', src, alt }), { wide: true, actions: saving });
  const node = card(title, { cls: 'figure-card', actions: [
    button(t('results.enlarge'), { kind: 'quiet', icon: 'search', 'aria-label': t('results.enlarge_name', { name: title }), onclick: () => { enlarge(); } }), saving(), more(title),
  ] }, h('figure', {}, h('img', { src, alt, width: size.width, height: size.height }), h('figcaption', { class: 'hint' }, part('title'))));
  node.dataset.file = file;
  return { node, src };
}
