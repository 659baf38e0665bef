//! What the support desk is asked for (domain 4.10).

/// What a ticket is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TicketKind {
    /// Somebody cannot get into an account.
    AccountHelp,
    /// Anything else.
    Contact,
    /// Somebody asks whether an organization is registered, or who its Administrators are (R23).
    FindOrganization,
    /// A notary's form has come or is to be decided on (R36).
    Notary,
    /// An organization's Administrator is gone (R46–R48).
    PromoteAdmin,
    /// Two organizations say that a number is theirs.
    TaxIdDispute,
    /// A number is to be released (R49).
    TaxIdRelease,
}
