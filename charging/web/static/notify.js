/* Tells a driver when the charge stops, ends, or costs an idle fee, while this page lives in the background.
   No push server: the page asks for its own state as it always does, and says what changed. */
'use strict';
const box = document.getElementById('notify'), part = document.getElementById('now');
const WANTED = 'charge-notify', SAID = 'charge-said';

function canNotify() {
  return window.isSecureContext && 'Notification' in window && 'serviceWorker' in navigator;
}

function worker() {
  return navigator.serviceWorker.register('/charging/notify-worker.js').then(found => found);
}

function show() {
  if (!box) return;
  const button = box.querySelector('button'), line = box.querySelector('p'), words = box.dataset;
  const isOn = canNotify() && Notification.permission === 'granted' && localStorage.getItem(WANTED) === '1';
  box.hidden = false;
  button.hidden = isOn || !canNotify() || Notification.permission === 'denied';
  line.textContent = isOn ? words.on : !canNotify() ? words.cannot : Notification.permission === 'denied' ? words.denied : '';
  line.hidden = !line.textContent;
}

async function ask() {
  const answer = await Notification.requestPermission();
  if (answer === 'granted') {
    localStorage.setItem(WANTED, '1');
    await worker();
  }
  show();
}

/* What the part says now, against what was said last: a page that was loaded anew still knows. */
async function look() {
  const card = part && part.querySelector('[data-moment]');
  if (!card || !card.dataset.charge) return;
  const now = `${card.dataset.charge} ${card.dataset.moment}`, before = localStorage.getItem(SAID);
  if (now === before) return;
  localStorage.setItem(SAID, now);
  const isSameCharge = before !== null && before.split(' ')[0] === card.dataset.charge;
  const title = box && box.dataset[card.dataset.moment];
  if (!isSameCharge || !title || !canNotify() || localStorage.getItem(WANTED) !== '1') return;
  if (Notification.permission !== 'granted') return;
  const registration = await worker();
  await registration.showNotification(title, {body: card.dataset.figures, tag: `charge-${card.dataset.charge}`, renotify: true, data: {url: location.pathname}});
}

if (box) box.querySelector('button').addEventListener('click', ask);
document.addEventListener('htmx:afterSwap', look);
document.addEventListener('visibilitychange', () => { if (!document.hidden && part && window.htmx) htmx.trigger(part, 'seen'); });
show();
look();
