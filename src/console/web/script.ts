// The pages' only script: brings parts up to date, and plays recordings. Every page works without it.
// It takes no text of its own into the page: what is new comes as the server's own page, parsed by the browser.

export const SCRIPT = `'use strict';
(() => {
  const UNITS = [['d', 86400000], ['h', 3600000], ['min', 60000], ['s', 1000]];
  const amount = (distance) => {
    const [unit, size] = UNITS.find(([, least]) => distance >= least) || UNITS[3];
    const below = size > 60000 ? UNITS.find(([, least]) => least < size) : undefined;
    const rest = below ? Math.floor((distance % size) / below[1]) : 0;
    return Math.floor(distance / size) + ' ' + unit + (rest > 0 ? ' ' + rest + ' ' + below[0] : '');
  };
  const tellTimes = () => {
    const now = Date.now();
    for (const time of document.querySelectorAll('time[data-relative]')) {
      const at = Date.parse(time.dateTime);
      if (!Number.isNaN(at)) time.textContent = at >= now ? 'in ' + amount(at - now) : amount(now - at) + ' ago';
    }
  };
  setInterval(tellTimes, 1000);

  // What somebody is in the middle of stays as it is.
  const busy = (part) =>
    part.contains(document.activeElement) && document.activeElement.matches('input, textarea, select') ||
    part.querySelector('details[open] form') !== null ||
    [...part.querySelectorAll('textarea')].some((field) => field.value !== '');
  const stale = (is) => {
    const notice = document.querySelector('.stale');
    if (notice) notice.hidden = !is;
  };
  const take = (fresh) => {
    for (const part of document.querySelectorAll('[data-part]')) {
      const other = fresh.querySelector('[data-part="' + CSS.escape(part.dataset.part) + '"]');
      if (other === null) { if (!busy(part)) part.replaceChildren(); continue; }
      // A form that nobody can send any more goes, whatever was written in it.
      if (busy(part) && other.querySelector('form') !== null) continue;
      if (part.innerHTML === other.innerHTML) continue;
      const focused = document.activeElement && part.contains(document.activeElement) ? document.activeElement.id : '';
      part.replaceChildren(...document.adoptNode(other).childNodes);
      if (focused) document.getElementById(focused)?.focus();
    }
    if (fresh.title) document.title = fresh.title;
    tellTimes();
  };
  let asking = false;
  let again = false;
  const refresh = () => {
    if (asking) { again = true; return; }
    asking = true;
    const request = new XMLHttpRequest();
    request.open('GET', location.href);
    request.responseType = 'document';
    request.setRequestHeader('x-chaperone-live', '1');
    request.timeout = 10000;
    request.onloadend = () => {
      asking = false;
      if (request.status === 401) { location.reload(); return; }
      stale(request.status !== 200);
      if (request.status === 200 && request.response) take(request.response);
      if (again) { again = false; refresh(); }
    };
    request.send();
  };

  const live = document.body.dataset.live;
  if (live === 'events') {
    // What happened between the page and its stream is in neither.
    let missed = true;
    const listen = () => {
      const events = new EventSource('/events');
      for (const kind of ['requested', 'changed', 'voted', 'updated']) events.addEventListener(kind, refresh);
      events.addEventListener('ready', () => { if (missed) refresh(); missed = false; });
      events.addEventListener('trouble', () => { missed = true; stale(true); });
      events.addEventListener('end', () => { events.close(); setTimeout(() => { refresh(); listen(); }, 3000); });
      events.onerror = () => {
        missed = true;
        if (events.readyState === EventSource.CLOSED) { events.close(); setTimeout(() => { refresh(); listen(); }, 5000); }
      };
    };
    listen();
  } else if (live) {
    setInterval(() => { if (!document.hidden) refresh(); }, Number(live));
  }

  const player = document.querySelector('[data-player]');
  if (player) play(player);

  function play(player) {
    const steps = [...document.querySelectorAll('[data-at]')];
    // Quiet times are cut: nobody watches a session that sleeps.
    const QUIET = 2000;
    let end = 0;
    let before = 0;
    const moments = steps.map((step) => {
      const at = Number(step.dataset.at);
      end += Math.min(Math.max(0, at - before), QUIET);
      before = at;
      return end;
    });
    const button = player.querySelector('button');
    const place = player.querySelector('input');
    const speed = player.querySelector('select');
    place.max = String(end);
    place.value = String(end);
    player.hidden = false;
    let now = end;
    let running = false;
    let last = 0;
    const show = (follow) => {
      let newest;
      steps.forEach((step, n) => {
        const isNew = step.hidden && moments[n] <= now;
        step.hidden = moments[n] > now;
        if (isNew) newest = step;
      });
      place.value = String(now);
      if (follow && newest) newest.scrollIntoView({ block: 'nearest' });
    };
    const state = (is) => { running = is; button.textContent = is ? 'Pause' : 'Play'; };
    const frame = (at) => {
      if (!running) return;
      now = Math.min(end, now + (at - last) * Number(speed.value));
      last = at;
      show(true);
      if (now >= end) state(false); else requestAnimationFrame(frame);
    };
    button.addEventListener('click', () => {
      if (running) { state(false); return; }
      if (now >= end) now = 0;
      state(true);
      last = performance.now();
      show(false);
      requestAnimationFrame(frame);
    });
    place.addEventListener('input', () => { state(false); now = Number(place.value); show(false); });
  }
})();
`
