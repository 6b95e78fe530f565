// The API as a developer of a shop uses it: an API key, a query, an answer.

async function post(url, store, query, variables) {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${store.api_key}` },
    body: JSON.stringify({ query, variables: { store: store.store_id, ...variables } }),
  });
  const text = await answer.text();
  const { data, errors } = answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : {};
  if (!answer.ok || errors) throw new Error(`${answer.status} ${text.slice(0, 2000)}`);
  return data;
}

/** Asks the API of a store; a fault in the answer is an error. */
export const ask = async (url, store, query, variables = {}) => (await post(url, store, query, variables)).store;

const SETTINGS = `mutation Settings($store: ID!, $input: StoreSettingsInput!) {
  updateStoreSettings(storeId: $store, input: $input) { userErrors { path message } }
}`;

/** Changes a store's settings, its sealed credentials among them, as the console does. */
export async function setSettings(url, store, input) {
  const { updateStoreSettings } = await post(url, store, SETTINGS, { input });
  if (updateStoreSettings.userErrors.length) throw new Error(JSON.stringify(updateStoreSettings.userErrors));
}

const CARTS = `query Carts($store: ID!, $search: String) {
  store(id: $store) {
    carts(search: $search, first: 50) {
      totalCount
      edges { node {
        id kind status excluded itemCount company
        total { decimal currency }
        contact { id name email }
        lines { title variant sku quantity price { decimal currency } imageUrl }
        order { id number total { decimal currency } refunded { decimal currency } }
      } }
    }
  }
}`;

/** The carts of a store, newest first. */
export async function carts(url, store, search) {
  const { carts: found } = await ask(url, store, CARTS, { search });
  return found.edges.map(({ node }) => node);
}

const CONTACTS = `query Contacts($store: ID!, $search: String) {
  store(id: $store) { contacts(search: $search, first: 50) { edges { node { id name email phone ordersCount erased } } } }
}`;

export async function contacts(url, store, search) {
  const { contacts: found } = await ask(url, store, CONTACTS, { search });
  return found.edges.map(({ node }) => node);
}

const MESSAGES = `query Messages($store: ID!) {
  store(id: $store) { messages(first: 50) { edges { node { id subject to status template reason refusal { rule detail } } } } }
}`;

export async function messages(url, store) {
  const { messages: found } = await ask(url, store, MESSAGES);
  return found.edges.map(({ node }) => node);
}
