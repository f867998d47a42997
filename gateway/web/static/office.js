/* Sends the office's forms and buttons to the routes of the API, and shows what came back. */
(() => {
  'use strict';
  const SITE_ZONE = '+08:00';
  const trouble = document.getElementById('trouble');

  class Unreadable extends Error {}

  const READ = {
    text: (text) => text.trim(),
    password: (text) => text,
    choice: (text) => text,
    date: (text) => text,
    integer: (text) => { const n = Number(text); if (!Number.isInteger(n)) throw new Unreadable(text); return n; },
    moment: (text) => `${text.length === 16 ? `${text}:00` : text}${SITE_ZONE}`,
    document: (text) => { try { return JSON.parse(text); } catch (fault) { throw new Unreadable(fault.message); } },
  };

  function read(form) {
    const body = {};
    for (const input of form.querySelectorAll('[name][data-kind]')) {
      if (input.dataset.kind === 'flag') { body[input.name] = input.checked; continue; }
      if (input.value.trim() === '') continue;
      try {
        body[input.name] = READ[input.dataset.kind](input.value);
      } catch (fault) {
        input.focus();
        const label = form.querySelector(`label[for="${input.id}"]`);
        throw new Unreadable(`${label ? label.textContent : input.name}: ${fault.message}`);
      }
    }
    for (const group of form.querySelectorAll('[data-kind=many]')) {
      body[group.dataset.name] = [...group.querySelectorAll('input:checked')].map((input) => input.value);
    }
    return body;
  }

  /* Fields named in the path in braces go into the path; the rest is the body. */
  function placed(path, body) {
    return path.replace(/\{(\w+)\}/g, (_all, name) => {
      const value = body[name];
      delete body[name];
      return encodeURIComponent(value);
    });
  }

  async function said(answer) {
    const problem = await answer.json().catch(() => ({}));
    const named = problem.facts && problem.facts.problems;
    if (named) return named.map((one) => `${one.place}: ${one.reason}`).join('\n');
    if (problem.places) return problem.places.map((one) => `${one.at.replace(/^body\./, '')}: ${one.why}`).join('\n');
    return problem.detail || String(answer.status);
  }

  function send(method, path, body) {
    const bare = method === 'DELETE' || !Object.keys(body).length;
    return fetch(path, {
      method,
      headers: bare ? {} : {'content-type': 'application/json'},
      body: bare ? undefined : JSON.stringify(body),
    });
  }

  function tell(node, text) {
    node.textContent = text;
    node.hidden = false;
    node.scrollIntoView({block: 'nearest'});
  }

  function renew() {
    try { sessionStorage.setItem('office-done', '1'); } catch { /* a browser without storage shows no line */ }
    location.reload();
  }

  async function keep(answer, name) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await answer.blob());
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  document.addEventListener('submit', async (event) => {
    const form = event.target;
    if (!form.dataset.path) return;
    event.preventDefault();
    const line = form.querySelector('[role=alert]');
    line.hidden = true;
    let body;
    try { body = read(form); } catch (fault) {
      if (!(fault instanceof Unreadable)) throw fault;
      tell(line, `${line.dataset.unreadable}: ${fault.message}`);
      return;
    }
    if ('sure' in form.dataset && !confirm(trouble.dataset.sure)) return;
    const button = form.querySelector('.send button');
    button.disabled = true;
    try {
      const answer = await send(form.dataset.method, placed(form.dataset.path, body), body);
      if (!answer.ok) tell(line, await said(answer));
      else if (form.dataset.shows === 'file') await keep(answer, form.dataset.file);
      else if (form.dataset.shows === 'answer') tell(form.querySelector('.answer'), JSON.stringify(await answer.json(), null, 2));
      else renew();
    } catch (fault) {
      if (!(fault instanceof TypeError)) throw fault;
      tell(line, trouble.dataset.away);
    } finally {
      button.disabled = false;
    }
  });

  document.addEventListener('click', async (event) => {
    const button = event.target.closest('button[data-path]');
    if (!button) return;
    if ('sure' in button.dataset && !confirm(`${button.textContent}: ${trouble.dataset.sure}`)) return;
    button.disabled = true;
    trouble.hidden = true;
    try {
      const answer = await send(button.dataset.method, button.dataset.path, JSON.parse(button.dataset.body));
      if (answer.ok) renew();
      else tell(trouble, await said(answer));
    } catch (fault) {
      if (!(fault instanceof TypeError)) throw fault;
      tell(trouble, trouble.dataset.away);
    } finally {
      button.disabled = false;
    }
  });

  try {
    if (sessionStorage.getItem('office-done')) {
      sessionStorage.removeItem('office-done');
      document.getElementById('done').hidden = false;
    }
  } catch { /* a browser without storage shows no line */ }
})();
