// What Wheelhouse sells. Names and descriptions are in texts/; prices are major units of the shop's currency.
import { language, t } from './texts.js';

export const products = [
  { id: 'bell', sku: 'WH-BEL-01', price: 24, category: 'ride' },
  { id: 'light', sku: 'WH-LGT-40', price: 59, category: 'ride' },
  { id: 'saddle', sku: 'WH-SDL-02', price: 119, category: 'ride', variants: ['chestnut', 'black'] },
  { id: 'pannier', sku: 'WH-PAN-20', price: 89, category: 'carry', variants: ['moss', 'clay'] },
  { id: 'basket', sku: 'WH-BSK-01', price: 64, category: 'carry' },
  { id: 'helmet', sku: 'WH-HLM-03', price: 79, category: 'ride', variants: ['m', 'l'] },
  { id: 'pump', sku: 'WH-PMP-12', price: 49, category: 'keep' },
  { id: 'lock', sku: 'WH-LCK-02', price: 69, category: 'keep' },
  { id: 'mug', sku: 'WH-MUG-01', price: 16, category: 'keep' },
  { id: 'cargo', sku: 'WH-CRG-90', price: 3490, category: 'carry', business: true },
];

let currency = 'EUR';
export const useCurrency = (code) => (currency = code || currency);
export const shopCurrency = () => currency;

export const find = (id) => products.find((product) => product.id === id);
export const image = (product) => new URL(`products/${product.id}.svg`, document.baseURI).href;
export const address = (product) => new URL(`#/product/${product.id}`, document.baseURI).href;
export const nameOf = (product) => t(`${product.id}.name`);
export const variantName = (variant) => (variant ? t(`variant.${variant}`) : '');

/** An amount in the shopper's way of writing it. */
export function money(amount) {
  const whole = Number.isInteger(amount);
  return new Intl.NumberFormat(language(), { style: 'currency', currency, minimumFractionDigits: whole ? 0 : 2 }).format(amount);
}

/** A line as Segment's e-commerce specification writes products. */
export function segmentProduct({ product, variant, quantity }) {
  return {
    product_id: product.id,
    sku: variant ? `${product.sku}-${variant.toUpperCase()}` : product.sku,
    name: nameOf(product),
    variant: variantName(variant) || undefined,
    category: product.category,
    price: product.price,
    quantity,
    image_url: image(product),
    url: address(product),
  };
}
