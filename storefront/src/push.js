/**
 * Notifications: the part of the snippet that is loaded when somebody wants them, or has them.
 *
 * - The worker is registered under a scope of its own, so that a worker the shop has keeps its pages.
 * - What the browser hands out is sent as an event of this browser, under its own token.
 * - `sync` runs on each page load of whoever is subscribed: a browser may have given the permission away, changed the address, or
 *   have been subscribed for a key that is no more.
 */
(function () {
  var win = window;
  var nav = win.navigator;
  var again = 30 * 864e5; // how long an unchanged subscription is not sent again, ms

  win.cartwheel.push.part(function (core) {
    var wanted = core.p;

    function bytes(text) {
      var plain = atob(text.replace(/-/g, '+').replace(/_/g, '/')), list = new Uint8Array(plain.length), i = 0;
      for (; i < plain.length; i++) list[i] = plain.charCodeAt(i);
      return list;
    }

    /** Whether a subscription was made for the store's key of today. */
    function fits(subscription) {
      var key = subscription.options && subscription.options.applicationServerKey;
      return !key || '' + new Uint8Array(key) == '' + bytes(wanted.k);
    }

    /** The registration, once its worker runs: before that nothing can be subscribed. */
    function worker() {
      return nav.serviceWorker.register(wanted.w, { scope: '/cartwheel-push/' }).then(function (registration) {
        var fresh = registration.installing || registration.waiting;
        if (registration.active || !fresh) return registration;
        return new Promise(function (done, failed) {
          fresh.addEventListener('statechange', function () {
            if (fresh.state == 'activated') done(registration);
            if (fresh.state == 'redundant') failed();
          });
        });
      });
    }

    function subscribe() {
      return worker().then(function (registration) {
        return registration.pushManager.getSubscription().then(function (old) {
          if (old && fits(old)) return old;
          return Promise.resolve(old && old.unsubscribe()).then(function () {
            return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(wanted.k) });
          });
        });
      });
    }

    function known() {
      return (core.read() || {}).p;
    }

    function keep(subscription, consent) {
      core.track('Push Subscribed', { subscription: subscription.toJSON(), key: wanted.k, consent: consent });
      core.change(function (record) { record.p = [subscription.endpoint, Date.now()]; });
    }

    function over() {
      var was = known();
      if (!was) return;
      core.track('Push Unsubscribed', { subscription: { endpoint: was[0] } });
      core.change(function (record) { delete record.p; });
    }

    /** Takes the browser's subscription back; what the push service answers from then on tells the server too. */
    function leave() {
      return nav.serviceWorker.getRegistration('/cartwheel-push/').then(function (registration) {
        return registration && registration.pushManager.getSubscription();
      }).then(function (subscription) {
        return subscription && subscription.unsubscribe();
      }).catch(function () {});
    }

    return {
      /** Resolves to `subscribed`, to `denied` or `default` as the browser was answered, or to `failed`. */
      ask: function (asked, options) {
        return asked.then(function (permission) {
          if (permission != 'granted') return permission;
          return subscribe().then(function (subscription) {
            keep(subscription, {
              wording: options.wording,
              language: options.language || win.document.documentElement.lang || undefined,
              place: win.document.location.origin + win.document.location.pathname
            });
            return 'subscribed';
          });
        }).catch(function () { return 'failed'; });
      },
      sync: function () {
        if (win.Notification.permission != 'granted') return over();
        subscribe().then(function (subscription) {
          var was = known();
          if (was && (was[0] != subscription.endpoint || !(Date.now() - was[1] < again))) {
            keep(subscription); // an old address is dropped when its push service says that it is gone
          }
        }).catch(function () {}); // offline, or the worker is not where it should be: the next page tries again
      },
      stop: function () {
        over();
        leave();
      },
      leave: leave
    };
  });
})();
