/* The live part of every screen: deltas into the plan and the counts, pulses for the panels, and the age of the data. */
(() => {
  'use strict';
  const said = window.pingzhan || {texts: {}, topics: {}, looks: []};
  const STALE_MS = 12000;
  let skewMs = 0, dataAt = null, lastHeard = 0, isAway = false;

  /* ---- time and age ---- */
  const serverNow = () => Date.now() + skewMs;
  function ageText(ms) {
    const s = Math.max(0, Math.round(ms / 1000));
    const [key, n] = s < 90 ? ['seconds', s] : s < 5400 ? ['minutes', Math.round(s / 60)]
      : s < 129600 ? ['hours', Math.round(s / 3600)] : ['days', Math.round(s / 86400)];
    return said.texts[key].replace('{n}', n);
  }
  const put = (node, text) => { if (node.textContent !== text) node.textContent = text; };
  function showAge() {
    const now = serverNow();
    const age = dataAt ? now - dataAt : null;
    const stale = age == null || age > STALE_MS;
    for (const head of document.querySelectorAll('[data-age=live]')) {
      put(head, age == null ? (isAway ? said.texts.away : said.texts.none)
        : isAway && stale ? said.texts.away + ' · ' + ageText(age)
        : (stale ? said.texts.stale : said.texts.age).replace('{age}', ageText(age)));
      head.classList.toggle('is-stale', stale);
    }
    document.documentElement.classList.toggle('live-stale', stale && performance.now() > 4000);
    for (const node of document.querySelectorAll('[data-at]')) {
      const old = now - Date.parse(node.dataset.at), limit = Number(node.dataset.staleS || 0) * 1000;
      const isOld = limit > 0 && old > limit;
      node.closest('.card, .wall-card')?.classList.toggle('is-stale', isOld);
      put(node, (isOld ? said.texts.stale : said.texts.age).replace('{age}', ageText(old)));
    }
    for (const node of document.querySelectorAll('[data-since]')) put(node, ageText(now - Date.parse(node.dataset.since)));
  }
  setInterval(showAge, 1000);

  /* ---- clocks: from recorded moments, by the server's time ---- */
  function clockText(ms) {
    const s = Math.floor(Math.abs(ms) / 1000), two = n => String(n).padStart(2, '0');
    return (ms < -999 ? '\u2212' : '') + (s >= 86400 * 4 ? Math.floor(s / 86400) + 'd ' + two(Math.floor(s / 3600) % 24) + ':' + two(Math.floor(s / 60) % 60)
      : two(Math.floor(s / 3600)) + ':' + two(Math.floor(s / 60) % 60) + ':' + two(s % 60));
  }
  function showClocks() {
    const now = serverNow();
    for (const node of document.querySelectorAll('[data-clock-from]')) {
      const end = node.dataset.clockTo ? Date.parse(node.dataset.clockTo) : now;
      const elapsed = Math.max(0, end - Date.parse(node.dataset.clockFrom) - 1000 * Number(node.dataset.lessS || 0));
      const limit = node.dataset.limitS ? 1000 * Number(node.dataset.limitS) : null;
      const text = clockText(limit == null ? elapsed : limit - elapsed);
      put(node, text);
      node.classList.toggle('over', limit != null && elapsed > limit);
    }
    for (const node of document.querySelectorAll('[data-now]'))
      put(node, new Date(now).toLocaleTimeString('zh-CN', {timeZone: 'Asia/Shanghai', hour12: false}));
  }
  setInterval(showClocks, 250);

  /* ---- the look of a bay: the same table as figures/bays.py ---- */
  const CHARGING = ['charging'], WAITING = ['preparing', 'suspendedev', 'suspendedevse', 'finishing', 'occupied', 'reserved'];
  const FAULTY = ['faulted', 'unavailable', 'offline', 'inoperative'];
  function lookOf(bay) {
    const {use, occupied, status} = bay.dataset;
    if (use === 'storage') return 'storage';
    if (use === 'clear' || use === 'clearing') return use === 'clearing' && occupied !== '0' ? 'clearing' : 'clear';
    if (CHARGING.includes(status)) return 'charging';
    if (occupied === '') return 'unknown';
    if (FAULTY.includes(status)) return 'faulty';
    if (occupied === '1') return WAITING.includes(status) ? 'waiting' : 'taken';
    return bay.dataset.evse ? 'plug' : 'free';
  }
  function drawBay(bay) {
    const look = lookOf(bay);
    if (bay.classList.contains(look)) return;
    bay.classList.remove(...said.looks);
    bay.classList.add(look, 'changed');
    bay.querySelector('use').setAttribute('href', '#glyph-' + look);
    setTimeout(() => bay.classList.remove('changed'), 1200);
  }
  window.pingzhanLookOf = lookOf;

  const counts = new Map();
  function showCounts() {
    for (const node of document.querySelectorAll('[data-zones]')) {
      const zones = node.dataset.zones.split(' ');
      if (!zones.every(zone => counts.has(zone))) continue;
      const free = zones.reduce((sum, zone) => sum + Math.max(counts.get(zone).capacity - counts.get(zone).occupied, 0), 0);
      if (node.textContent !== String(free)) { node.textContent = free; node.classList.add('changed'); setTimeout(() => node.classList.remove('changed'), 1200); }
      const bar = node.closest('[data-capacity]');
      if (bar) bar.style.setProperty('--part', 1 - free / Number(bar.dataset.capacity));
    }
  }

  /* ---- facts ---- */
  function setData(id, data) {
    if (!document.getElementById(id) && !window.dash_clientside) return;
    try { window.dash_clientside.set_props(id, {data}); } catch (error) { /* this screen does not have it */ }
  }
  const pulses = new Map();
  function pulse(topic, id) {
    if (pulses.has(topic)) { pulses.set(topic, id); return; }
    pulses.set(topic, id);
    setTimeout(() => {
      const newest = pulses.get(topic);
      pulses.delete(topic);
      setData('pulse-' + topic, newest);
      if (topic === 'run') setData('frame-run', newest);
    }, 800);
  }
  function onFact(id, fact) {
    dataAt = Math.max(dataAt || 0, serverNow());
    if (fact.kind === 'bay.changed') {
      for (const bay of document.querySelectorAll(`[data-bay="${CSS.escape(fact.subject)}"]`)) {
        if ('occupied' in fact.detail) bay.dataset.occupied = fact.detail.occupied == null ? '' : Number(fact.detail.occupied);
        if (fact.detail.use) bay.dataset.use = fact.detail.use;
        if ('charging' in fact.detail) bay.dataset.status = fact.detail.charging ? 'charging' : '';
        drawBay(bay);
      }
    } else if (fact.kind === 'evse.changed' && fact.detail.status) {
      for (const bay of document.querySelectorAll(`[data-evse="${CSS.escape(fact.subject)}"]`)) {
        bay.dataset.status = fact.detail.status.toLowerCase();
        drawBay(bay);
      }
    } else if (fact.kind === 'zone.count') {
      counts.set(fact.subject, fact.detail);
      showCounts();
    } else if (fact.kind === 'gate.opened') {
      const lane = document.getElementById('lane-' + fact.subject);
      if (lane) { lane.classList.add('is-open'); setTimeout(() => lane.classList.remove('is-open'), 6000); }
    }
    for (const [topic, kinds] of Object.entries(said.topics)) if (kinds.includes(fact.kind)) pulse(topic, id);
    document.dispatchEvent(new CustomEvent('pingzhan:fact', {detail: {id, fact}}));
  }
  function onMessage(message) {
    lastHeard = performance.now();
    if (message.type === 'away') { isAway = true; }
    else if (message.type === 'reload') { loadPlans(true); for (const topic of Object.keys(said.topics)) pulse(topic, Date.now()); }
    else {
      isAway = false;
      if (message.type === 'beat') {
        skewMs = Date.parse(message.beat.now) - Date.now();
        if (message.beat.data_at) dataAt = Date.parse(message.beat.data_at);
      } else onFact(message.id, message.fact);
    }
    showAge();
  }
  function listenAlone() {
    const source = new EventSource('/api/v1/live');
    source.addEventListener('fact', event => onMessage({type: 'fact', id: Number(event.lastEventId), fact: JSON.parse(event.data)}));
    source.addEventListener('beat', event => onMessage({type: 'beat', beat: JSON.parse(event.data)}));
    source.addEventListener('reload', () => onMessage({type: 'reload'}));
    source.onerror = () => {
      onMessage({type: 'away'});
      if (source.readyState === EventSource.CLOSED) setTimeout(listenAlone, 3000);
    };
  }
  function listen() {
    if (!window.SharedWorker) return listenAlone();
    const worker = new SharedWorker('/ops-assets/live-worker.js', 'pingzhan-live');
    worker.onerror = listenAlone;
    worker.port.onmessage = event => onMessage(event.data);
    worker.port.start();
    addEventListener('pagehide', () => worker.port.postMessage('leave'));
    addEventListener('pageshow', event => { if (event.persisted) location.reload(); });
  }
  listen();

  /* ---- drawings put in by address: the plan, the Gantt chart ---- */
  async function loadPlan(node) {
    const address = node.dataset.drawing;
    node.dataset.drawn = address;
    try {
      const answer = await fetch(address, {headers: {accept: 'image/svg+xml'}});
      if (answer.status === 401) { location.href = '/login?next=' + encodeURIComponent(location.pathname); return; }
      if (!answer.ok) throw new Error(answer.status);
      const text = await answer.text();
      if (node.dataset.drawing !== address) return;
      node.innerHTML = text;
      node.dataset.ready = '1';
      node.dispatchEvent(new CustomEvent('pingzhan:drawn', {bubbles: true}));
    } catch (error) {
      node.dataset.drawn = '';
      setTimeout(() => node.isConnected && loadPlan(node), 3000);
    }
  }
  function loadPlans(again) {
    for (const node of document.querySelectorAll('[data-drawing]')) if (again || node.dataset.drawn !== node.dataset.drawing) loadPlan(node);
    if (again) return;
    for (const node of document.querySelectorAll('[data-count]')) {
      if (!counts.has(node.dataset.count)) counts.set(node.dataset.count, {occupied: Number(node.dataset.occupied), capacity: Number(node.dataset.capacity)});
    }
  }
  new MutationObserver(() => { showPlace(); showLevel(); drawLegend(); loadPlans(false); showCounts(); }).observe(document.documentElement, {childList: true, subtree: true, attributes: true, attributeFilter: ['data-drawing', 'data-occupied']});
  document.addEventListener('pingzhan:redraw', () => loadPlans(true));
  for (const kind of ['run']) document.addEventListener('pingzhan:fact', event => {
    if (!said.topics[kind].includes(event.detail.fact.kind)) return;
    for (const node of document.querySelectorAll(`[data-drawing][data-topic=${kind}]`)) loadPlan(node);
  });

  /* ---- picking a thing on the plan ---- */
  function pick(target) {
    const what = target.closest('[data-bay], [data-lane], [data-opening]');
    if (!what || !what.closest('svg')) return;
    for (const old of document.querySelectorAll('.is-picked')) old.classList.remove('is-picked');
    what.classList.add('is-picked');
    const {bay, lane, opening} = what.dataset;
    const data = bay ? {kind: 'bay', id: bay} : lane ? {kind: 'lane', id: lane} : {kind: 'opening', id: opening};
    setData('picked', {...data, at: Date.now()});
  }
  document.addEventListener('click', event => pick(event.target));
  document.addEventListener('keydown', event => { if (event.key === 'Enter' || event.key === ' ') pick(event.target); });

  /* ---- where one is ---- */
  function showPlace() {
    const here = location.pathname.replace(/\/$/, '');
    for (const link of document.querySelectorAll('.rail-link')) {
      const isHere = new URL(link.href).pathname.replace(/\/$/, '') === here;
      if (link.classList.contains('is-here') !== isHere) { link.classList.toggle('is-here', isHere); isHere ? link.setAttribute('aria-current', 'page') : link.removeAttribute('aria-current'); }
    }
  }

  /* ---- levels and legend ---- */
  function showLevel() {
    const plan = document.getElementById('plan');
    if (!plan) return;
    const level = sessionStorage.getItem('level') || 'B1';
    const address = `/ops/drawings/${level}.svg`;
    if (plan.dataset.drawing !== address) plan.dataset.drawing = address;
    for (const button of document.querySelectorAll('.level')) button.setAttribute('aria-pressed', button.dataset.level === level);
  }
  function drawLegend() {
    for (const swatch of document.querySelectorAll('.swatch[data-glyph]:empty'))
      swatch.innerHTML = `<svg viewBox="0 0 16 16" aria-hidden="true">${said.glyphs[swatch.dataset.glyph]}</svg>`;
  }
  document.addEventListener('click', event => {
    const button = event.target.closest('.level');
    if (!button) return;
    sessionStorage.setItem('level', button.dataset.level);
    showLevel();
  });

  /* ---- language and light ---- */
  document.addEventListener('click', event => {
    const button = event.target.closest('[data-choose]');
    if (!button) return;
    document.cookie = `${button.dataset.choose}=${button.dataset.value};path=/;max-age=31536000;samesite=lax`;
    const address = new URL(location.href);
    address.searchParams.delete(button.dataset.choose);
    location.replace(address);
  });
})();
