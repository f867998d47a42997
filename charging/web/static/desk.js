/* Keeps an operators' page fresh: facts of the live stream fetch its moving part again, at most every 1.5 s. */
'use strict';
const RENEW_AT_MOST_EVERY_MS = 1500, STALE_MS = 8000, RETRY_MS = 3000;
const KINDS = 'evse.changed,charger.changed,transaction.started,transaction.ended,alarm.raised,alarm.cleared,mode.changed';
const now = document.getElementById('now'), age = document.getElementById('age'), words = document.body.dataset;
const kept = new Set();
let source = null, heardAt = 0, renewedAt = 0, due = null;

function isWatched(fact) {
  if (!now || !now.dataset.watch) return false;
  if (now.dataset.watch.trim() === '*' || fact.kind.startsWith('alarm.')) return true;
  return now.dataset.watch.split(' ').includes(fact.subject);
}

/* A part that a person is writing in is left alone. */
function isInUse() {
  const field = document.activeElement;
  return now.contains(field) && field.matches('input, select, textarea');
}

function renew() {
  due = null;
  if (isInUse()) { plan(); return; }
  renewedAt = Date.now();
  htmx.trigger(now, 'changed');
}

function plan() {
  if (due === null) due = setTimeout(renew, Math.max(50, renewedAt + RENEW_AT_MOST_EVERY_MS - Date.now()));
}

function show() {
  if (!age) return;
  const isFresh = Date.now() - heardAt < STALE_MS;
  age.textContent = isFresh ? words.live : source && source.readyState === EventSource.OPEN ? words.stale : words.away;
  age.className = 'age ' + (isFresh ? 'fresh' : 'old');
  document.body.classList.toggle('is-stale', !isFresh);
}

function open() {
  if (source || document.hidden) return;
  source = new EventSource('/api/v1/live?kinds=' + KINDS);
  source.addEventListener('beat', () => { heardAt = Date.now(); show(); });
  source.addEventListener('fact', event => {
    heardAt = Date.now();
    if (isWatched(JSON.parse(event.data))) plan();
  });
  source.addEventListener('reload', plan);
  source.onerror = () => {
    if (source && source.readyState === EventSource.CLOSED) { source = null; setTimeout(open, RETRY_MS); }
  };
}

/* A page in the background gives its stream back: over HTTP/1.1 a browser has only six. */
document.addEventListener('visibilitychange', () => {
  if (document.hidden) { if (source) source.close(); source = null; } else { heardAt = Date.now(); open(); if (now) plan(); }
});

document.addEventListener('submit', event => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

document.addEventListener('click', event => {
  if (event.target.closest('[data-renew]')) htmx.trigger(now, 'renew');
});

/* What a person opened stays open when the part comes anew. */
document.addEventListener('toggle', event => {
  const key = event.target.dataset && event.target.dataset.keep;
  if (key) { if (event.target.open) kept.add(key); else kept.delete(key); }
}, true);
document.addEventListener('htmx:afterSwap', () => {
  for (const key of kept) document.querySelector(`[data-keep="${key}"]`)?.setAttribute('open', '');
});

if (now && now.dataset.watch) { heardAt = Date.now(); open(); show(); setInterval(show, 1000); }
