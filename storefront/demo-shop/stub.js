// The stub every shop pastes into its pages: calls made before the snippet has arrived wait here.
window.cartwheel = window.cartwheel || { q: [] };
['track', 'page', 'identify', 'cart', 'checkout', 'order', 'consent', 'on'].forEach(function (name) {
  cartwheel[name] = cartwheel[name] || function () { cartwheel.q.push([name].concat([].slice.call(arguments))); };
});
