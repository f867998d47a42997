/* One stream for every open tab of a browser: over HTTP/1.1 the sixth stream of its own would stall. */
'use strict';
const ports = new Set();
let source = null, lastId = null, lastBeat = null;

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

function open(after) {
  source = new EventSource('/api/v1/live' + (after == null ? '' : '?after=' + after));
  source.addEventListener('fact', event => {
    lastId = event.lastEventId;
    tell({type: 'fact', id: Number(event.lastEventId), fact: JSON.parse(event.data)});
  });
  source.addEventListener('beat', event => { lastBeat = event.data; tell({type: 'beat', beat: JSON.parse(event.data)}); });
  source.addEventListener('reload', () => tell({type: 'reload'}));
  source.onerror = () => {
    tell({type: 'away'});
    // A refused stream (signed out, too many screens) is not tried again by the browser itself.
    if (source.readyState === EventSource.CLOSED) { source.close(); setTimeout(() => open(lastId), 3000); }
  };
}

function join(port) {
  ports.add(port);
  port.onmessage = event => {
    if (event.data === 'leave') ports.delete(port);
    else if (event.data && event.data.after != null && !source) open(event.data.after);
  };
  if (!source) open(null);
  if (lastBeat) port.postMessage({type: 'beat', beat: JSON.parse(lastBeat)});
  port.start && port.start();
}

self.onconnect = event => join(event.ports[0]);
