// Messages per second, from the node's metrics.

import { $, soon } from './dom.js';

const SECONDS = 120;
const WIDTH = 600, HEIGHT = 100;

/** The counters of messages, by direction. */
function counts(text) {
  const found = [...text.matchAll(/^wirebahn_messages_total\{direction="(in|out)"\} (\d+)/gm)];
  return found.length ? Object.fromEntries(found.map(([, direction, count]) => [direction, Number(count)])) : null;
}

/** Rounds up to a figure that is good for the top of a scale. */
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 10)));
  return [1, 2, 5, 10].map(step => step * power).find(top => top >= value);
}

const show = rate => (rate < 10 && rate % 1 ? rate.toFixed(1) : Math.round(rate).toLocaleString('en'));

export class Rates {
  #url;
  #last = null;
  #samples = [];
  #draw = soon(() => this.#redraw());

  constructor(url) {
    this.#url = url;
    if (!url) return this.#note('Metrics are switched off in the configuration, so there is nothing to plot.');
    this.#tick();
  }

  async #tick() {
    if (!document.hidden) await this.#sample();
    setTimeout(() => this.#tick(), 1000);
  }

  async #sample() {
    try {
      const response = await fetch(this.#url, { cache: 'no-store', signal: AbortSignal.timeout(5000) });
      if (!response.ok) throw new Error(`status ${response.status}`);
      const now = performance.now(), found = counts(await response.text());
      this.#note('');
      if (found && this.#last) {
        const seconds = (now - this.#last.now) / 1000;
        // Counters start again when the node does.
        const rate = way => Math.max(0, found[way] - this.#last.found[way]) / seconds;
        this.#samples.push({ now, in: rate('in'), out: rate('out') });
      }
      this.#last = found && { now, found };
    } catch {
      this.#last = null;
      this.#note('No figures: the metrics cannot be read.');
    }
    this.#samples = this.#samples.filter(sample => sample.now > performance.now() - SECONDS * 1000);
    this.#draw();
  }

  #note(text) {
    $('traffic-note').textContent = text;
    $('traffic-note').hidden = !text;
  }

  #redraw() {
    const latest = this.#last ? this.#samples.at(-1) : undefined;
    for (const way of ['in', 'out']) $(`rate-${way}`).textContent = latest ? show(latest[way]) : '–';
    const top = ceiling(Math.max(0, ...this.#samples.flatMap(sample => [sample.in, sample.out])));
    const now = performance.now();
    const x = sample => (WIDTH * (1 - (now - sample.now) / (SECONDS * 1000))).toFixed(1);
    const y = rate => (HEIGHT * (1 - rate / top)).toFixed(1);
    const line = way => this.#samples.map((sample, i) => `${i ? 'L' : 'M'}${x(sample)} ${y(sample[way])}`).join('');
    const path = (name, d) => {
      const made = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      made.setAttribute('class', name);
      made.setAttribute('d', d);
      return made;
    };
    const plot = $('plot');
    plot.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    plot.setAttribute('aria-label', latest
      ? `${show(latest.in)} messages per second received, ${show(latest.out)} sent; the scale ends at ${top}`
      : 'No figures yet');
    const paths = [path('grid', `M0 0H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}`)];
    if (this.#samples.length) {
      paths.push(path('area', `${line('in')}V${HEIGHT}H${x(this.#samples[0])}Z`), path('in', line('in')), path('out', line('out')));
    }
    plot.replaceChildren(...paths);
    $('plot-top').textContent = `top: ${top.toLocaleString('en')}/s`;
  }
}
