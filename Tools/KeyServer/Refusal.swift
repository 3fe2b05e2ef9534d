import HTTPTypes

/// Why a request is refused. For SPEKE in the words that MediaPackage's guide for providers fixes, where it has some.
struct Refusal: Error, Equatable {
    var status: HTTPResponse.Status = .unprocessableContent
    var text: String

    static let unsupportedSPEKEVersion = Refusal(text: "Unsupported SPEKE version")
    static let missingContentID = Refusal(text: "Missing CPIX@contentId")
    static let missingVersion = Refusal(text: "Missing CPIX@version")
    static let unsupportedVersion = Refusal(text: "Unsupported CPIX@version")
    static let mixedSchemes = Refusal(text: "Non compliant ContentKey@commonEncryptionScheme combination")

    static func missingScheme(_ keyID: String) -> Refusal {
        Refusal(text: "Missing ContentKey@commonEncryptionScheme for KID \(keyID)")
    }
}
