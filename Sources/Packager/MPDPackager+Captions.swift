import DASH
import Settings

extension MPDPackager {
    /// What is said of the captions inside the pictures.
    static func captions(_ services: [CaptionService]) -> [Descriptor] {
        var fields: [(number: UInt8, language: String)] = []
        var others: [(number: UInt8, language: String)] = []
        for service in services {
            switch service.channel {
            case .field(let number): fields.append((number, service.language))
            case .service(let number): others.append((number, service.language))
            }
        }
        return (fields.isEmpty ? [] : [.captions608(fields)]) + (others.isEmpty ? [] : [.captions708(others)])
    }
}
