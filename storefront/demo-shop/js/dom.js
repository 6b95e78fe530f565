// Elements made one by one, never parsed from text: what somebody typed stays text.

/** Makes an element: h('a.button', {href, onclick}, child, …); a child is a node, a text or nothing. */
export function h(selector, attributes, ...children) {
  const [tag, ...classes] = selector.split('.');
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(' ');
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value == null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(2).filter((child) => child != null && child !== false));
  return element;
}

const paths = {
  bag: 'M5 8h14l-1 12H6zM9 8V6a3 3 0 0 1 6 0v2',
  close: 'M6 6l12 12M18 6L6 18',
  arrow: 'M5 12h14M13 6l6 6-6 6',
  bell: 'M6 17h12l-1.5-2.5V10a4.5 4.5 0 0 0-9 0v4.5zM10 20h4',
  minus: 'M6 12h12',
  plus: 'M6 12h12M12 6v12',
  check: 'M5 13l4 4L19 7',
  leave: 'M10 5H6v14h4M14 8l4 4-4 4M18 12H10',
};

/** A decorative line icon. */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', paths[name]);
  svg.append(path);
  return svg;
}

export const byId = (id) => document.getElementById(id);

let clearing;
/** Says something for a moment, to eyes and to screen readers. */
export function toast(text) {
  const place = byId('toast');
  place.textContent = text;
  clearTimeout(clearing);
  clearing = setTimeout(() => (place.textContent = ''), 6000);
}
