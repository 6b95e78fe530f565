//! The operations. Their types are made from the schema and the files beside this one.
#![allow(missing_docs, reason = "generated from the schema, which documents its fields")]

use graphql_client::GraphQLQuery;

use super::types::{
    Attribution, BillingCurrency, BillingCycle, CaptureMode, CartKind, CartStatus, DiffKind, DryRunStatus,
    Formality, JourneyBlueprint, JourneyStatus, Json, OrganisationKindName, PlatformName, Role, RollOutState,
    SetupCode, Time, TimelineKind, WebhookStatus,
};

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident in $file:tt;)*) => { $(
        $(#[$doc])*
        #[derive(GraphQLQuery)]
        #[graphql(
            schema_path = "../schema.graphql",
            query_path = $file,
            response_derives = "Clone, Debug, PartialEq",
            variables_derives = "Clone, Debug, PartialEq, Default",
            extern_enums("Attribution", "BillingCurrency", "BillingCycle", "CaptureMode", "CartKind", "CartStatus", "DiffKind", "DryRunStatus", "Formality", "JourneyBlueprint", "JourneyStatus", "OrganisationKindName", "PlatformName", "Role", "RollOutState", "SetupCode", "TimelineKind", "WebhookStatus"),
            skip_serializing_none
        )]
        pub struct $name;
    )* };
}

operations! {
    /// Who is signed in.
    Viewer in "src/graphql/viewer.graphql";
    /// What Cartwheel earned.
    Home in "src/graphql/home.graphql";
    /// The list of carts.
    Carts in "src/graphql/carts.graphql";
    /// One cart.
    Cart in "src/graphql/cart.graphql";
    /// A cart of the store has changed.
    CartsChanged in "src/graphql/carts_changed.graphql";
    /// A message of the store is new or has changed.
    MessagesChanged in "src/graphql/messages_changed.graphql";
    /// The list of contacts.
    Contacts in "src/graphql/contacts.graphql";
    /// One contact.
    Contact in "src/graphql/contact.graphql";
    /// The list of journeys.
    Journeys in "src/graphql/journeys.graphql";
    /// One journey.
    Journey in "src/graphql/journey.graphql";
    /// What was decided for one cart.
    JourneyPassage in "src/graphql/journey_passage.graphql";
    /// Two versions of a journey.
    JourneyVersions in "src/graphql/journey_versions.graphql";
    /// Makes a journey.
    CreateJourney in "src/graphql/create_journey.graphql";
    /// Switches a journey.
    SetJourneyStatus in "src/graphql/set_journey_status.graphql";
    /// What a dry run has come to.
    DryRun in "src/graphql/dry_run.graphql";
    /// The carts behind a number of a dry run.
    DryRunCarts in "src/graphql/dry_run_carts.graphql";
    /// How many of those under way could go on with a version.
    Moving in "src/graphql/moving.graphql";
    /// Lets them, or takes it back.
    MoveRuns in "src/graphql/move_runs.graphql";
    /// Begins a dry run.
    StartDryRun in "src/graphql/start_dry_run.graphql";
    /// Cancels a dry run.
    CancelDryRun in "src/graphql/cancel_dry_run.graphql";
    /// Publishes a version.
    PublishJourney in "src/graphql/publish_journey.graphql";
    /// The newest texts.
    Templates in "src/graphql/templates.graphql";
    /// One version of a text.
    Template in "src/graphql/template.graphql";
    /// A text as somebody would get it.
    PreviewTemplate in "src/graphql/preview_template.graphql";
    /// Saves a next version of a text.
    SaveTemplate in "src/graphql/save_template.graphql";
    /// What other stores would take over of the texts of a message.
    TemplateRollOut in "src/graphql/template_roll_out.graphql";
    /// Takes the texts of a message over into other stores.
    RollOutTemplate in "src/graphql/roll_out_template.graphql";
    /// What the sandbox would have sent.
    Messages in "src/graphql/messages.graphql";
    /// One message.
    Message in "src/graphql/message.graphql";
    /// The settings of a store.
    Settings in "src/graphql/settings.graphql";
    /// Opens a store.
    CreateStore in "src/graphql/create_store.graphql";
    /// Changes settings.
    UpdateStoreSettings in "src/graphql/update_store_settings.graphql";
    /// Who works in an organisation.
    Team in "src/graphql/team.graphql";
    /// Who was asked to join.
    Invitations in "src/graphql/invitations.graphql";
    /// Asks somebody to join.
    InviteMember in "src/graphql/invite_member.graphql";
    /// Takes an invitation back.
    WithdrawInvitation in "src/graphql/withdraw_invitation.graphql";
    /// Gives a member another role.
    SetMemberRole in "src/graphql/set_member_role.graphql";
    /// Says what a member may do in one store.
    SetStoreRole in "src/graphql/set_store_role.graphql";
    /// Who was let into stores, and which stores were opened to the organisation.
    Guests in "src/graphql/guests.graphql";
    /// Opens a store to an agency.
    OpenStore in "src/graphql/open_store.graphql";
    /// Closes a store to a guest.
    CloseStore in "src/graphql/close_store.graphql";
    /// Shares whom not to contact with the other stores of an agency.
    ShareSuppressions in "src/graphql/share_suppressions.graphql";
    /// Ends that.
    KeepSuppressions in "src/graphql/keep_suppressions.graphql";
    /// Lets the staff in that asks.
    ApproveStoreAccess in "src/graphql/approve_store_access.graphql";
    /// Gives a store back.
    LeaveStore in "src/graphql/leave_store.graphql";
    /// Asks to be let into a store.
    AskForStore in "src/graphql/ask_for_store.graphql";
    /// Makes an organisation.
    CreateOrganisation in "src/graphql/create_organisation.graphql";
    /// What other stores would take over of a journey.
    RollOut in "src/graphql/roll_out.graphql";
    /// Takes a journey over into other stores.
    RollOutJourney in "src/graphql/roll_out_journey.graphql";
    /// Pauses or resumes the journeys of many stores.
    PauseStores in "src/graphql/pause_stores.graphql";
    /// What an organisation pays for and what it used.
    Billing in "src/graphql/billing.graphql";
    /// Leads to the page at which a first plan is bought.
    StartCheckout in "src/graphql/start_checkout.graphql";
    /// Leads to the page of cards, addresses and invoices.
    OpenBillingPortal in "src/graphql/open_billing_portal.graphql";
    /// What another plan would cost.
    PreviewPlan in "src/graphql/preview_plan.graphql";
    /// Changes the plan.
    ChangePlan in "src/graphql/change_plan.graphql";
    /// Ends the subscription with the paid period.
    CancelPlan in "src/graphql/cancel_plan.graphql";
    /// Takes that back.
    ResumePlan in "src/graphql/resume_plan.graphql";
    /// Whether sending goes on beyond what is included.
    SetBeyond in "src/graphql/set_beyond.graphql";
    /// Whether the staff is in a store.
    Staff in "src/graphql/staff.graphql";
    /// What all stores have earned.
    AllStores in "src/graphql/all_stores.graphql";
    /// Takes a member out.
    RemoveMember in "src/graphql/remove_member.graphql";
    /// The keys of the API.
    ApiKeys in "src/graphql/api_keys.graphql";
    /// Makes a key.
    MakeApiKey in "src/graphql/make_api_key.graphql";
    /// Takes a key back.
    RevokeApiKey in "src/graphql/revoke_api_key.graphql";
    /// What was done in an organisation.
    AuditLog in "src/graphql/audit_log.graphql";
    /// Where outgoing webhooks go.
    WebhookEndpoints in "src/graphql/webhook_endpoints.graphql";
    /// What an endpoint was told.
    WebhookDeliveries in "src/graphql/webhook_deliveries.graphql";
    /// Adds an endpoint.
    CreateWebhookEndpoint in "src/graphql/create_webhook_endpoint.graphql";
    /// Changes an endpoint, or switches it on or off.
    UpdateWebhookEndpoint in "src/graphql/update_webhook_endpoint.graphql";
    /// Takes an endpoint away.
    DeleteWebhookEndpoint in "src/graphql/delete_webhook_endpoint.graphql";
    /// Gives an endpoint another secret.
    RotateWebhookSecret in "src/graphql/rotate_webhook_secret.graphql";
    /// Gives a store another pair of keys for web push.
    RotatePushKey in "src/graphql/rotate_push_key.graphql";
    /// Tells an endpoint that somebody wants to see whether it listens.
    SendTestWebhook in "src/graphql/send_test_webhook.graphql";
    /// Tells something again.
    ReplayWebhook in "src/graphql/replay_webhook.graphql";
    /// Tells again what has failed.
    ReplayFailedWebhooks in "src/graphql/replay_failed_webhooks.graphql";
    /// The store's connections to shop platforms.
    Platforms in "src/graphql/platforms.graphql";
    /// Connects to one, or changes address and credentials.
    ConnectPlatform in "src/graphql/connect_platform.graphql";
    /// Takes the store off one.
    DisconnectPlatform in "src/graphql/disconnect_platform.graphql";
    /// Asks it whether all is right.
    TestPlatform in "src/graphql/test_platform.graphql";
    /// Makes the webhooks there.
    SubscribePlatform in "src/graphql/subscribe_platform.graphql";
    /// Notes that its own reminders are off.
    ConfirmPlatformReminders in "src/graphql/confirm_platform_reminders.graphql";
    /// How a store's mail goes.
    Mail in "src/graphql/mail.graphql";
    /// Where what comes back is told.
    MailHooks in "src/graphql/mail_hooks.graphql";
    /// Adds a mail server.
    CreateMailProvider in "src/graphql/create_mail_provider.graphql";
    /// Changes a mail server, or switches it on or off.
    UpdateMailProvider in "src/graphql/update_mail_provider.graphql";
    /// Takes a mail server away.
    DeleteMailProvider in "src/graphql/delete_mail_provider.graphql";
    /// Looks whether a mail server can be signed in at.
    CheckMailProvider in "src/graphql/check_mail_provider.graphql";
    /// Puts the mail servers in order.
    OrderMailProviders in "src/graphql/order_mail_providers.graphql";
    /// Replaces the addresses for what comes back.
    ReplaceMailHooks in "src/graphql/replace_mail_hooks.graphql";
    /// Lets paused mail go on.
    ResumeMail in "src/graphql/resume_mail.graphql";
    /// The person's own account and sessions.
    Account in "src/graphql/account.graphql";
    /// Ends one of the person's own sessions.
    EndSession in "src/graphql/end_session.graphql";
    /// Changes the person's own password.
    ChangePassword in "src/graphql/change_password.graphql";
    /// Begins to set an app up that shows codes.
    StartSecondFactor in "src/graphql/start_second_factor.graphql";
    /// Switches it on by a first code.
    ConfirmSecondFactor in "src/graphql/confirm_second_factor.graphql";
    /// Other recovery codes.
    RenewRecoveryCodes in "src/graphql/renew_recovery_codes.graphql";
    /// Switches it off.
    EndSecondFactor in "src/graphql/end_second_factor.graphql";
    /// Begins to add a passkey.
    StartPasskey in "src/graphql/start_passkey.graphql";
    /// Adds one.
    AddPasskey in "src/graphql/add_passkey.graphql";
    /// Removes one.
    RemovePasskey in "src/graphql/remove_passkey.graphql";
    /// Disconnects an account at a provider.
    DisconnectIdentity in "src/graphql/disconnect_identity.graphql";
}
