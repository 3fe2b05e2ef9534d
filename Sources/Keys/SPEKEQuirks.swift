package import CPIX
package import Media

/// What a provider does otherwise than the specification says, and how far that is put up with.
///
/// Every one is the operator's to say: without a word of the profile the specification holds.
package struct SPEKEQuirks: Sendable, Hashable {
    /// An answer without `X-Speke-Version` is taken for one of the version asked for. Another version never is.
    package var acceptMissingVersionHeader = false
    /// The content id of the answer may be another, or missing.
    package var acceptOtherContentID = false
    /// A system that the provider leaves out or empty is signalled by what we make ourselves, where we can.
    package var acceptEmptySystems = false
    /// A `pssh` box or tag may name other KIDs: for providers with one static box for all keys.
    package var acceptOtherKeyIDsInSignalling = false
    /// The same key may come again under another KID. Test providers do that; for others it means a stale key.
    package var acceptRepeatedKeys = false
    /// An `explicitIV` that is not the one we sent is used; without this it is an error.
    package var acceptExplicitIV = true
    /// `explicitIV` is sent with the keys of cbcs and SAMPLE-AES; without it only if the provider brings its own can
    /// FairPlay play.
    package var sendExplicitIV = true
    /// The key period is sent, and with SPEKE 1.0 the rules that need it.
    package var sendKeyPeriod = true
    /// Tag lines and MPD fragments of the answer are left aside: all signalling is made from KID, PSSH and key URI.
    package var rebuildSignalling = false
    /// SPEKE 2.1: AES-128 and SAMPLE-AES in transport streams are asked for by these names, not as cbcs.
    package var sendMethodAsScheme = true
    /// What the multivariant playlist is called; nil: `master` up to SPEKE 2.0, `multiVariant` in 2.1.
    package var multivariantWord: MultivariantWord?
    /// The system by which AES-128 is asked for; nil: the one that the version's servers know.
    package var aes128SystemID: DRMSystemID?

    package init() {}
}
