/* Shows notifications for the driver's page (a phone's browser wants a worker for that) and brings the page back. */
'use strict';
self.addEventListener('notificationclick', event => {
  event.notification.close();
  const url = event.notification.data.url;
  event.waitUntil(self.clients.matchAll({type: 'window', includeUncontrolled: true}).then(pages => {
    const open = pages.find(page => new URL(page.url).pathname === url);
    return open ? open.focus() : self.clients.openWindow(url);
  }));
});
