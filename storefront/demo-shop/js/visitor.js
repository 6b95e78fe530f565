// What this visitor typed, for this visit only: it is not stored.
export const visitor = { contact: {}, address: {} };

/** Whether the visitor left an address with a permission, so that the hints tell the truth. */
export const reachable = () => Boolean(visitor.contact.email && visitor.contact.consent);
