/**
 * The shop snippet: sends what a shopper does with a cart to Cartwheel, and nothing else.
 *
 * Rules it keeps (storefront/README.md has the public description, test/ the proofs):
 * - one global, `window.cartwheel`; no exception ever reaches the shop page;
 * - nothing is stored or sent unless the store's capture mode and the shopper allow it,
 *   and never under Global Privacy Control;
 * - every event has a messageId, so that a repeat is harmless, and waits in localStorage
 *   until the server has answered;
 * - the cart token is this browser's bearer proof: the server lets a public key append only
 *   to carts bound to it.
 *
 * ES5 syntax, no dependency. The server replaces the placeholder below by the store's settings:
 * `{k: public key, u: base URL, m: "off" | "after_consent" | "legitimate_interest", e: capture typed e-mail,
 * p: {k: key for web push, w: path of the service worker}}`.
 */
(function () {
  var config = __CARTWHEEL_CONFIG__;
  var win = window;
  var doc = win.document;
  var nav = win.navigator;
  var assign = Object.assign;
  var storageKey = 'cartwheel.' + config.k;
  var batchUrl = config.u + '/v1/batch';
  var privacyControl = !!nav.globalPrivacyControl;
  var maxEvents = 100;
  var maxQueue = 2e5; // characters
  var maxBytes = 6e4; // under the 64 KiB that browsers allow a beacon

  var memory; // the record when localStorage refuses to keep it
  var consent; // true, false, or undefined while nobody was asked
  var held = {}; // the latest calls before consent: facts of this page, in memory only
  var adopted = {}; // the restored cart until a record may exist
  var listeners = {};
  var fired = {};
  var timer, sending, attempts = 0, lastBeacon, campaign, restoreToken, clock = 0;

  function guard(fn) {
    return function () {
      try {
        return fn.apply(this, arguments);
      } catch (e) {} // a fault of ours must not become a fault of the shop
    };
  }

  // ---- the record: identity, cart, campaign and queue, under one localStorage key ----
  // a anonymousId, t cart token, i userId, c cart id, k checkout id, r restore token,
  // u campaign, g consent (1 given, 0 objected), n not before (ms), p [address notified at, since (ms)],
  // q queue of [messageId, event as JSON]: as text, so that a long queue costs little to read and write

  function read() {
    if (memory) return memory;
    try {
      var record = JSON.parse(win.localStorage.getItem(storageKey));
      if (typeof record == 'object') return record;
    } catch (e) {}
  }

  function write(record) {
    memory = record;
    try {
      win.localStorage.setItem(storageKey, JSON.stringify(record));
      memory = 0;
    } catch (e) {}
  }

  function wipe() {
    memory = 0;
    try {
      win.localStorage.removeItem(storageKey);
    } catch (e) {}
  }

  function random() {
    var bytes = win.crypto.getRandomValues(new Uint8Array(16)), text = '', i = 0;
    for (; i < 16; i++) text += (bytes[i] + 256).toString(16).slice(1);
    return text;
  }

  /** May anything be stored or sent? A mode this script does not know means no. */
  function active() {
    return !privacyControl && !!win.crypto &&
      (config.m == 'after_consent' ? consent === true : config.m == 'legitimate_interest' && consent !== false);
  }

  function change(edit) {
    var record = read() || {};
    if (!record.a || !record.t || !Array.isArray(record.q) || record.q.some(function (event) { return !event || !event[1]; })) record = { a: random(), t: random(), q: [] };
    if (campaign) record.u = campaign;
    assign(record, adopted);
    adopted = {};
    edit(record);
    write(record);
  }

  // ---- events ----

  function context(record) {
    var page = doc.location;
    return {
      library: { name: 'cartwheel.js', version: '1' },
      page: {
        url: page.origin + page.pathname, // never the query: it may hold personal data or a token
        path: page.pathname,
        title: doc.title,
        referrer: (doc.referrer || '').split('?')[0]
      },
      locale: doc.documentElement.lang || nav.language,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      campaign: record.u,
      cart_token: record.t,
      restore_token: record.r
    };
  }

  function push(type, fields, edit, note) {
    fields = JSON.parse(JSON.stringify(fields)); // a copy; what cannot be sent is refused here
    change(function (record) {
      var about = assign(context(record), note), id = random(), size = 0, i = record.q.length;
      if (edit) edit(record, fields);
      record.q.push([id, JSON.stringify(assign({
        type: type,
        messageId: id,
        anonymousId: record.a,
        userId: record.i,
        timestamp: new Date(clock = Math.max(Date.now(), clock + 1)).toISOString(), // no two alike: their order counts
        context: about
      }, fields))]);
      while (i >= 0 && size < maxQueue) size += record.q[i--][1].length; // from the newest back
      record.q = record.q.slice(i + 1).slice(-maxEvents);
    });
    schedule(300);
  }

  /** Gives the event the ids of this browser's cart, and remembers those the shop names. */
  function bindCart(record, fields) {
    var p = fields.properties;
    var quote = p.kind == 'quote' || /^Quote/.test(fields.event);
    if (quote) p.kind = 'quote'; // its own cart: the basket's ids stay as they are
    else if (/^(Cart|Checkout|Payment|Order C|Coupon|Exit|Product [AR])/.test(fields.event)) {
      p.cart_id = record.c = p.cart_id || record.c || random();
      if (/^(Checkout|Payment|Order)/.test(fields.event)) p.checkout_id = record.k = p.checkout_id || record.k || random();
      if (/^Order/.test(fields.event)) delete record.c, delete record.k, delete record.r; // a new basket is a new cart
    }
  }

  function track(event, properties) {
    push('track', { event: event, properties: properties || {} }, bindCart);
  }

  var calls = {
    track: track,
    page: function (name, properties) {
      push('page', { name: name || doc.title, properties: properties || {} });
    },
    /** identify(traits) or identify(userId, traits); traits: email, phone, consent, … */
    identify: function (userId, traits) {
      if (typeof userId == 'object') traits = userId, userId = 0;
      push('identify', { traits: traits || {} }, function (record) {
        if (userId) record.i = '' + userId;
      });
    },
    /** cart({products: […]}) sets the whole cart; cart({add: product}) and cart({remove: product}) change it. */
    cart: function (cart) {
      var properties = assign({}, cart, cart.add || cart.remove);
      delete properties.add;
      delete properties.remove;
      track(cart.add ? 'Product Added' : cart.remove ? 'Product Removed' : 'Cart Updated', properties);
    },
    /** checkout(properties) starts it; checkout(step, properties) shows a step; step "payment": details entered. */
    checkout: function (step, properties) {
      if (typeof step == 'object') properties = step, step = 0;
      if (step == 'payment') track('Payment Info Entered', properties);
      else if (step) track('Checkout Step Viewed', assign({ step: step }, properties));
      else track('Checkout Started', properties);
    },
    order: function (properties) {
      track('Order Completed', properties);
      schedule(0);
    }
  };

  // ---- delivery ----

  function schedule(ms) {
    clearTimeout(timer);
    timer = setTimeout(guard(flush), ms);
  }

  function payload(queue) {
    var ids = [], parts = [], bytes = 0, i = 0;
    for (; i < queue.length; i++) {
      bytes += queue[i][1].length + 2 * (queue[i][1].match(/[^\x00-\x7f]/g) || '').length + 1; // in UTF-8, at most
      if (i && bytes > maxBytes) break;
      ids.push(queue[i][0]);
      parts.push(queue[i][1]);
    }
    return {
      n: ids,
      b: '{"batch":[' + parts + '],"sentAt":"' + new Date().toISOString() + '","writeKey":' + JSON.stringify(config.k) + '}'
    };
  }

  /** Changes the queue only if there still is one: an objection may have wiped it meanwhile. */
  function settle(edit) {
    var record = read();
    sending = 0;
    if (record && record.q) {
      edit(record);
      write(record);
    }
  }

  function later(seconds) {
    var ms = seconds > 0 ? Math.min(seconds, 3600) * 1e3
      : Math.min(3e5, 1e3 * Math.pow(2, attempts++)) * (0.5 + Math.random() / 2);
    settle(function (record) {
      if (seconds > 0) record.n = Date.now() + ms;
    });
    schedule(ms);
  }

  function flush() {
    var record = active() && read(), wait, load;
    if (sending || !win.fetch || !record || !record.q || !record.q.length) return;
    wait = record.n - Date.now();
    if (wait > 0 && wait < 36e5) return schedule(wait);
    load = payload(record.q);
    sending = 1;
    win.fetch(batchUrl, {
      method: 'POST',
      credentials: 'omit',
      headers: { 'Content-Type': 'application/json', Authorization: 'Basic ' + btoa(config.k + ':') },
      body: load.b
    }).then(function (answer) {
      var status = answer.status;
      if (status == 429 || status > 499) return later(+answer.headers.get('Retry-After'));
      attempts = 0;
      settle(function (record) { // taken, or refused for good: neither is repeated
        record.q = record.q.filter(function (event) { return load.n.indexOf(event[0]) < 0; });
      });
      schedule(0);
    }).catch(guard(later));
  }

  /** The page may be gone in a moment. The queue is kept: only an answer proves delivery. */
  function beacon() {
    var record = active() && read(), load;
    if (nav.sendBeacon && record && record.q && record.q.length) {
      load = payload(record.q);
      if (lastBeacon != (lastBeacon = load.n + '')) nav.sendBeacon(batchUrl, load.b);
    }
  }

  // ---- restore links ----

  function emit(name, data) {
    fired[name] = [data];
    (listeners[name] || []).forEach(function (fn) { fn(data); });
  }

  function restore(address) {
    // out of the address bar: a copied address must not carry the link's secret
    win.history.replaceState(win.history.state, '', address.pathname +
      address.search.replace(/([?&])cw=[^&]*&?/, '$1').replace(/[?&]$/, '') + address.hash);
    win.fetch(config.u + '/r/' + restoreToken + '/cart.json', { credentials: 'omit' }).then(function (answer) {
      if (!answer.ok) throw 0;
      return answer.json();
    }).then(function (cart) {
      adopted.c = cart.cart_id;
      if (cart.cart_token) adopted.t = cart.cart_token;
      if (active()) change(function () {});
      emit('restore', cart);
    }).catch(guard(function () {
      adopted = {};
      if (active()) change(function (record) { delete record.r; });
      emit('restore_failed');
    }));
  }

  // ---- notifications: all but the question is a part of its own (src/push.js), loaded when it is wanted ----

  var waitingForPart, part;

  function withPart(run) {
    if (part) return run(part);
    if (waitingForPart) return waitingForPart.push(run);
    waitingForPart = [run];
    doc.head.appendChild(assign(doc.createElement('script'), { src: config.u + '/push/page.js' }));
  }

  function pushable() {
    return config.p && win.Notification && win.PushManager && nav.serviceWorker;
  }

  var push_ = {
    /** ask({wording, language}): in the handler of a press, with the sentence that stood beside what was pressed. */
    ask: function (options) {
      return new Promise(function (done) {
        var why = !pushable() ? 'unsupported' : !active() ? 'inactive' : !(options && options.wording) ? 'no_wording'
          : nav.userActivation && !nav.userActivation.isActive ? 'no_gesture' : 0;
        if (why) return done(why);
        // asked at once: a browser hears it only while the press is being handled, and the part may take its time
        var asked = win.Notification.requestPermission();
        withPart(function (part) { done(part.ask(asked, options)); });
      });
    },
    stop: function () {
      withPart(function (part) { part.stop(); });
    },
    /** For the part. */
    part: function (make) {
      part = make({ p: config.p, track: track, change: change, read: read });
      (waitingForPart || []).forEach(function (run) { guard(run)(part); });
    }
  };

  // ---- the public object ----

  function start() {
    var stub = win.cartwheel || {}, waiting = stub.q || [], query = {}, address = doc.location, record;
    var api = win.cartwheel = stub;

    if (api.status) return; // the page holds the snippet twice

    Object.keys(calls).forEach(function (name) {
      api[name] = guard(function () {
        if (active()) calls[name].apply(0, arguments);
        else if (name != 'track' && name != 'order') held[name + typeof arguments[0]] = [name, arguments]; // a start and a step are two
      });
    });
    /** consent(true) lets the snippet work, consent(false) stops it and deletes what it kept. */
    api.consent = guard(function (given) {
      consent = !!given;
      if (!given && (read() || {}).p) withPart(function (part) { part.leave(); });
      if (!given) wipe();
      if (active()) {
        change(function (record) { record.g = 1; });
        Object.keys(held).forEach(function (key) { api[held[key][0]].apply(0, held[key][1]); });
        held = {};
      } else if (config.m == 'legitimate_interest' && !privacyControl) write({ g: 0 }); // the objection must last
    });
    api.on = guard(function (name, fn) {
      fn = guard(fn);
      (listeners[name] = listeners[name] || []).push(fn);
      if (fired[name]) fn(fired[name][0]);
    });
    api.status = guard(function () {
      var record = active() && read();
      return {
        mode: config.m,
        active: active(),
        consent: consent,
        gpc: privacyControl,
        opt_out_honoured: privacyControl || consent === false,
        queued: record && record.q ? record.q.length : 0
      };
    });
    delete api.q;
    api.push = push_;
    Object.keys(push_).forEach(function (name) { push_[name] = guard(push_[name]); });

    address.search.slice(1).split('&').forEach(function (pair) {
      var at = pair.indexOf('='), name = pair.slice(0, at);
      if (/^(utm_\w+|cw)$/.test(name)) query[name] = guard(decodeURIComponent)(pair.slice(at + 1).replace(/\+/g, ' '));
    });
    Object.keys(query).forEach(function (name) {
      if (name == 'cw') return;
      campaign = campaign || {};
      campaign[name == 'utm_campaign' ? 'name' : name.slice(4)] = query[name];
    });

    if (privacyControl || (config.m != 'after_consent' && config.m != 'legitimate_interest')) wipe();
    else if ((record = read())) consent = record.g == null ? consent : !!record.g;

    if (query.cw) {
      adopted.r = restoreToken = encodeURIComponent(query.cw); // with this very page view: it shows that a person came
      guard(restore)(address);
    }

    api.page();
    if (pushable()) {
      if (active() && (read() || {}).p) withPart(function (part) { part.sync(); });
      else if (win.Notification.permission != 'denied') emit('push'); // the shop may offer it
    }
    waiting.forEach(function (call) {
      if (api[call[0]]) api[call[0]].apply(0, [].slice.call(call, 1));
    });

    win.addEventListener('pagehide', guard(beacon));
    win.addEventListener('online', guard(function () { attempts = 0; schedule(0); }));
    doc.addEventListener('visibilitychange', guard(function () {
      if (doc.visibilityState == 'hidden') beacon();
      else schedule(0);
    }));
    doc.addEventListener('mouseout', guard(function (e) {
      if (e.clientY > 0 || e.relatedTarget || fired.exit) return;
      if (active() && (read() || {}).c) track('Exit Intent');
      emit('exit');
    }));
    if (config.e && config.m == 'legitimate_interest') {
      doc.addEventListener('change', guard(function (e) {
        var field = e.target, value = field.value;
        if (active() && field.type == 'email' && /^\S+@\S+\.\S+$/.test(value) &&
          !(field.form && field.form.querySelector('[type=password]'))) {
          push('identify', { traits: { email: value } }, 0, { capture: 'typed' });
        }
      }), true);
    }
    schedule(0);
  }

  guard(start)();
})();
