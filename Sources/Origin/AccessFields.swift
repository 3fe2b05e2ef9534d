import Access
import NIOHTTP1

extension HTTPHeaders {
    /// The header of this name, found without a copy.
    func field(_ name: String) -> AccessField {
        var found: String?
        for (other, value) in self where Self.isSame(other, name) {
            guard found == nil else { return .several }
            found = value
        }
        return found.map { .one($0) } ?? .absent
    }

    /// RFC 9110, clause 5.1: case means nothing.
    private static func isSame(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        return zip(left.utf8, right.utf8).allSatisfy { left, right in
            left == right || left | 0x20 == right | 0x20 && (0x61...0x7A).contains(left | 0x20)
        }
    }
}
