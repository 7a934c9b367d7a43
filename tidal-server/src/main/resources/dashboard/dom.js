// Elements, and how a panel is brought up to date without losing focus, selection or the reader's place.

/** Makes an element; children that are null or false are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Makes the children of an element like these, keeping what is alike; keyed ones are found again wherever they are. */
export function show(parent, ...children) {
  const wanted = h('div', {}, ...children);
  morphChildren(parent, wanted);
}

function morphChildren(parent, wanted) {
  const keyed = new Map();
  for (const child of parent.children) {
    if (child.dataset.key) {
      keyed.set(child.dataset.key, child);
    }
  }
  let place = parent.firstChild;
  for (const next of [...wanted.childNodes]) {
    const key = next.dataset?.key;
    let same = key ? keyed.get(key) : place;
    if (same && !key && same.dataset?.key) {
      same = null;
    }
    if (same && alike(same, next)) {
      if (same === place) {
        place = place.nextSibling;
      } else {
        parent.insertBefore(same, place);
      }
      morph(same, next);
    } else {
      parent.insertBefore(next, place);
    }
  }
  while (place) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
}

function alike(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName;
}

function morph(element, wanted) {
  if (element.nodeType === Node.TEXT_NODE) {
    if (element.data !== wanted.data) {
      element.data = wanted.data;
    }
    return;
  }
  for (const { name } of [...element.attributes]) {
    // Whoever opened a fold keeps it open.
    if (!wanted.hasAttribute(name) && name !== 'open') {
      element.removeAttribute(name);
    }
  }
  for (const { name, value } of wanted.attributes) {
    if (element.getAttribute(name) !== value) {
      element.setAttribute(name, value);
    }
  }
  morphChildren(element, wanted);
}

export function badge(kind, text) {
  return h('span', { class: `badge ${kind}` }, text);
}

/** A button that the page's one listener handles, by its action. */
export function button(action, text, data = {}, attributes = {}) {
  const names = Object.fromEntries(Object.entries(data).map(([name, value]) => [`data-${name}`, value]));
  return h('button', { type: 'button', class: 'small', 'data-action': action, ...names, ...attributes }, text);
}

let toastEnds;

/** Says something for a moment, to screen readers, too. */
export function say(text) {
  const toast = document.getElementById('toast');
  toast.textContent = text;
  clearTimeout(toastEnds);
  toastEnds = setTimeout(() => { toast.textContent = ''; }, 6_000);
}
