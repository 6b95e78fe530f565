//! What the sweep fills each argument in with.

/// What an argument names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Named {
    Store,
    Organisation,
    Cart,
    Contact,
    Journey,
    DryRun,
    Message,
    Template,
    Member,
    Invitation,
    Key,
    Session,
    Passkey,
    Identity,
    Hook,
    Delivery,
    CartPlace,
    ContactPlace,
    MessagePlace,
}

/// How an argument is filled in.
pub(super) enum Filled {
    /// With an id, which is what the sweep is about.
    Id(Named),
    /// With a value that will do.
    With(&'static str),
    /// Not at all.
    Absent,
}

/// The fixture of an argument. There is no default: whoever adds one says what it names.
pub(super) fn fixture(owner: &str, field: &str, argument: &str) -> Filled {
    use Filled::{Absent, Id, With};
    use Named::{
        Cart, CartPlace, Contact, ContactPlace, Delivery, DryRun, Hook, Identity, Invitation, Journey, Key,
        Member, Message, MessagePlace, Organisation, Passkey, Session, Store, Template,
    };
    match (owner, field, argument) {
        ("Query", "store", "id") | ("Mutation" | "Subscription", _, "storeId") => Id(Store),
        ("Query", "organisation", "id") | ("Mutation", _, "organisationId") => Id(Organisation),
        ("Store", "cart", "id") => Id(Cart),
        ("Store", "contact", "id") => Id(Contact),
        ("Store", "journey", "id") | ("Mutation", _, "journeyId") => Id(Journey),
        ("Journey", "version", "number") => With("1"),
        ("Store", "message", "id") => Id(Message),
        ("Store", "template", "id") | ("Mutation", _, "templateId") => Id(Template),
        ("Template", "preview", "cartId") => Id(Cart),
        // What would be saved is no mail: who may is judged before.
        ("TemplateDraft", "saveTemplate", "text") => With("\"{{\""),
        ("TemplateDraft", ..) => Absent,
        ("TemplateRollOutTarget", _, "seen") => With("\"nothing\""),
        ("Store", "webhookEndpoint", "id") | ("Mutation", _, "endpointId") => Id(Hook),
        ("Mutation", "replayWebhook", "deliveryId") => Id(Delivery),
        ("Mutation", "replayFailedWebhooks", "since") => With("\"2026-01-01T00:00:00Z\""),
        ("WebhookEndpoint", "deliveries", "after") => Id(MessagePlace),
        ("WebhookEndpoint", "deliveries", "status") => Absent,
        ("WebhookEndpointInput", "updateWebhookEndpoint", "description") => With("\"taken\""),
        // No address, so that none is made.
        ("WebhookEndpointInput", ..) => Absent,
        ("Store", "carts", "after") => Id(CartPlace),
        ("BillingStore", "units", "after") => Id(MessagePlace),
        ("Mutation", "startCheckout" | "previewPlan" | "changePlan", "plan") => With("\"starter\""),
        ("Mutation", _, "cycle") => With("MONTH"),
        ("Mutation", _, "currency") => With("EUR"),
        ("Mutation", "changePlan", "at") => Absent,
        ("Mutation", "setBeyond", "beyond") => With("true"),
        ("Store", "contacts", "after") => Id(ContactPlace),
        ("Store", "messages", "after") => Id(MessagePlace),
        ("Mutation", "withdrawInvitation", "id") => Id(Invitation),
        ("Mutation", "setMemberRole" | "removeMember" | "setStoreRole", "id") => Id(Member),
        ("Mutation", _, "agencyId" | "guestId") => Id(Organisation),
        ("Mutation", "shareSuppressions", "terms") => With("1"),
        ("Mutation", "openStore", "endsAt") => Absent,
        ("Mutation", "inviteMember" | "pauseStores", "storeIds")
        | ("Journey" | "Template", "rollOut", "storeIds") => Id(Store),
        ("RollOutTarget" | "TemplateRollOutTarget", _, "storeId") => Id(Store),
        ("RollOutTarget", _, "baseVersion") | ("Mutation", "rollOutJourney", "sourceVersion") => With("0"),
        ("Mutation", "approveStoreAccess", "askedAt") => With("\"2026-11-22T12:00:00Z\""),
        ("Mutation", "pauseStores", "pause") => With("true"),
        ("Mutation", "askForStore", "reason") => With("\"taken, or so\""),
        ("Mutation", "askForStore", "hours") => With("4"),
        ("Mutation", "createOrganisation", "name") => With("\"\""),
        ("Mutation", "revokeApiKey", "id") => Id(Key),
        ("Mutation", "endSession", "id") => Id(Session),
        ("Mutation", "removePasskey", "id") => Id(Passkey),
        ("Mutation", "disconnectIdentity", "id") => Id(Identity),
        ("Mutation", "addPasskey", "note" | "credential" | "name") => With("\"taken, or so\""),
        ("ApiKeyInput", _, "storeId") => Id(Store),
        ("ApiKeyInput", _, "name") => With("\"taken\""),
        ("ApiKeyInput", _, "expiresAt") => Absent,
        // No name, so that the many calls in one's own organisation open no stores: who may is judged before.
        ("StoreSettingsInput", "createStore", "name") => With("\"\""),
        ("StoreSettingsInput", _, "senderName") => With("\"taken\""),
        ("StoreSettingsInput", ..) => Absent,
        ("Mutation", "createOrganisation", "kind") => With("MERCHANT"),
        (_, _, "days") => With("30"),
        (_, _, "first") => With("2"),
        ("Organisation", "auditLog", "before")
        | ("Store", _, "search" | "kind")
        | ("Store", "carts", "status") => Absent,
        ("Mutation", "setJourneyStatus", "status") => With("OFF"),
        ("Mutation", "createJourney", "blueprint") => With("EMPTY"),
        // No name, so that none is made.
        ("Mutation", "createJourney", "name") => With("\"\""),
        ("Mutation", "publishJourney" | "startDryRun", "definition") => With("{}"),
        ("Journey", "moving", "definition") | ("Mutation", "moveRuns", "to") => Absent,
        ("Mutation", _, "dryRunId") => Id(DryRun),
        ("DryRun", "carts", "place") => With("0"),
        ("DryRun", "carts", "after") => Id(CartPlace),
        ("Mutation", "publishJourney", "baseVersion") => Absent,
        ("Mutation", "inviteMember", "email") => With("\"taken@team.example\""),
        (_, _, "role") => With("SUPPORT"),
        ("Mutation", "changePassword", "old" | "new")
        | (
            "Mutation",
            "startSecondFactor" | "renewRecoveryCodes" | "endSecondFactor" | "startPasskey" | "removePasskey"
            | "disconnectIdentity",
            "password",
        )
        | ("Mutation", "confirmSecondFactor" | "renewRecoveryCodes" | "endSecondFactor", "code") => {
            With("\"taken, or so\"")
        }
        _ => panic!("no fixture for {owner}.{field}({argument}): say in the sweep what it names"),
    }
}
