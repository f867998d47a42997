/* Acts on the garage through the gateway's own routes: a button says which, a reason is asked for where one is wanted. */
(() => {
  'use strict';
  const said = window.pingzhan || {texts: {}};

  function toast(text, isBad) {
    const node = document.getElementById('toast');
    node.textContent = text;
    node.className = isBad ? 'shown bad' : 'shown';
    clearTimeout(toast.timer);
    toast.timer = setTimeout(() => { node.className = ''; }, isBad ? 8000 : 3500);
  }

  function ask(title) {
    return new Promise(resolve => {
      const box = document.createElement('dialog');
      box.className = 'ask';
      const form = document.createElement('form');
      form.method = 'dialog';
      const head = document.createElement('h2');
      head.textContent = title;
      const label = document.createElement('label');
      label.textContent = said.texts.reason;
      const field = document.createElement('input');
      field.required = true; field.maxLength = 200; field.placeholder = said.texts.reason_wanted;
      label.append(field);
      const row = document.createElement('div');
      const no = document.createElement('button');
      no.textContent = said.texts.cancel; no.type = 'button'; no.className = 'quiet';
      const yes = document.createElement('button');
      yes.textContent = said.texts.confirm; yes.className = 'act';
      row.append(no, yes);
      form.append(head, label, row);
      box.append(form);
      document.body.append(box);
      const end = value => { box.close(); box.remove(); resolve(value); };
      no.onclick = () => end(null);
      box.oncancel = () => end(null);
      form.onsubmit = event => { event.preventDefault(); if (field.value.trim()) end(field.value.trim()); };
      box.showModal();
      field.focus();
    });
  }

  document.addEventListener('click', async event => {
    const button = event.target.closest('[data-act]');
    if (!button || button.disabled) return;
    const body = JSON.parse(button.dataset.body || '{}');
    if (button.dataset.reason) {
      const reason = await ask(button.title || button.textContent);
      if (reason == null) return;
      body[button.dataset.reason] = reason;
    }
    button.disabled = true;
    try {
      const answer = await fetch(button.dataset.act, {
        method: button.dataset.method || 'POST',
        headers: {'content-type': 'application/json', accept: 'application/json'},
        body: JSON.stringify(body),
      });
      if (answer.ok) toast(said.texts.done);
      else {
        const problem = await answer.json().catch(() => ({}));
        toast(`${said.texts.refused}: ${problem.detail || answer.status}`, true);
      }
    } catch (error) {
      toast(`${said.texts.refused}: ${error.message}`, true);
    } finally {
      button.disabled = false;
    }
  });
})();
