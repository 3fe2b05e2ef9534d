import Foundation
import Media

/// A PlayReady object with one rights management header. PlayReady Header Specification: version 4.2, and 4.3 for
/// AES-CBC.
enum PlayReady {
    static func object(_ keyID: KeyID, _ scheme: ProtectionScheme) -> [UInt8] {
        let (version, algorithm) = scheme == .cbcs ? ("4.3.0.0", "AESCBC") : ("4.2.0.0", "AESCTR")
        let id = Data(guid(keyID)).base64EncodedString()
        let header = """
            <WRMHEADER xmlns="http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader" version="\(version)">\
            <DATA><PROTECTINFO><KIDS><KID ALGID="\(algorithm)" VALUE="\(id)"></KID></KIDS></PROTECTINFO></DATA>\
            </WRMHEADER>
            """
        let text = header.utf16.flatMap { littleEndian($0) }
        // Length of the object, one record, its type (rights management header) and length.
        return littleEndian(UInt32(text.count + 10)) + littleEndian(UInt16(1)) + littleEndian(UInt16(1))
            + littleEndian(UInt16(text.count)) + text
    }

    /// The KID as a GUID of Windows: its first three fields little-endian.
    private static func guid(_ keyID: KeyID) -> [UInt8] {
        [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map { keyID.bytes[$0] }
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
