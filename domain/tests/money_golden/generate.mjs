// Writes golden.json: amounts as `Intl.NumberFormat` writes them. Run with a Node.js whose ICU is 78 or newer:
//   node generate.mjs > golden.json
const locales = ["en", "en-US", "en-GB", "en-IE", "de", "de-DE", "de-AT", "de-CH", "fr", "fr-FR", "fr-BE", "fr-CH", "it", "it-IT", "it-CH"];
const currencies = [
  "EUR", "USD", "GBP", "CHF", "JPY", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "CAD", "AUD", "NZD", "CNY", "INR", "BRL",
  "MXN", "TRY", "KRW", "KWD", "TND", "ILS", "ZAR", "AED", "SGD", "HKD", "TWD", "THB", "VND", "PHP", "UAH", "MAD",
];
const minors = [0, 5, 1999, 123456, -1250, 123456789];
const rows = [];
for (const locale of locales) {
  for (const currency of currencies) {
    const digits = { JPY: 0, KRW: 0, VND: 0, KWD: 3, TND: 3 }[currency] ?? 2;
    const format = new Intl.NumberFormat(locale, {
      style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits,
    });
    for (const minor of minors) rows.push({ locale, currency, minor, text: format.format(minor / 10 ** digits) });
  }
}
console.log("[\n" + rows.map((row) => JSON.stringify(row)).join(",\n") + "\n]");
