// Making and finding elements.

export const $ = id => document.getElementById(id);

/** An element with attributes or properties, and children. */
export function element(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (name in made && typeof value !== 'string') made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined && child !== ''));
  return made;
}

/** Runs `draw` once, soon, however often it is asked to; also in a tab that is not shown. */
export function soon(draw, ms = 50) {
  let timer = 0;
  return () => {
    timer ||= setTimeout(() => {
      timer = 0;
      draw();
    }, ms);
  };
}
