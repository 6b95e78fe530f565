/**
 * The service worker of notifications. The shop serves one line, since a worker must come from the shop's own address:
 * `importScripts('https://cartwheel.example/push/worker.js');`. It shows what was sealed for this browser and opens what is pressed;
 * it answers no requests of pages and keeps nothing.
 */
(function (self) {
  self.addEventListener('install', function () {
    self.skipWaiting();
  });

  self.addEventListener('push', function (event) {
    var said;
    try {
      said = event.data.json();
    } catch (e) {} // browsers want something shown for each push
    said = said || {};
    event.waitUntil(self.registration.showNotification(said.title || self.location.host, {
      body: said.body,
      lang: said.lang,
      tag: said.tag,
      icon: said.icon,
      image: said.image,
      data: { url: said.url, stop: said.stop && said.stop.url },
      actions: said.stop ? [{ action: 'stop', title: said.stop.label }] : []
    }));
  });

  self.addEventListener('notificationclick', function (event) {
    var data = event.notification.data || {}, to = event.action == 'stop' ? data.stop : data.url;
    event.notification.close();
    if (/^https?:\/\//.test(to)) event.waitUntil(self.clients.openWindow(to));
  });
})(self);
