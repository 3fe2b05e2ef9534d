/// The identifier of a content key (KID), 16 bytes. ISO/IEC 23001-7:2023, clause 8.2. Not a secret.
package struct KeyID: Hashable, Sendable, CustomStringConvertible {
    /// Always 16 bytes, in the order in which `tenc` holds them.
    package let bytes: [UInt8]

    /// Nil unless there are exactly 16 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// Parses `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` or 32 hexadecimal digits, in either case.
    package init?(parsing text: some StringProtocol) {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in text.utf8 where character != UInt8(ascii: "-") {
            guard let digit = character.hexadecimalValue else { return nil }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        guard high == nil else { return nil }
        self.init(bytes: bytes)
    }

    /// 32 lower-case hexadecimal digits.
    package var hex: String { text(isGrouped: false) }

    /// Lower-case UUID text, as `cenc:default_KID` and CPIX write it.
    package var uuid: String { text(isGrouped: true) }

    private func text(isGrouped: Bool) -> String {
        unsafe String(unsafeUninitializedCapacity: 36) { text in
            var place = 0
            func write(_ character: UInt8) {
                unsafe text[place] = character
                place += 1
            }
            func write(digit: UInt8) { write(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10) }
            for (index, byte) in bytes.enumerated() {
                if isGrouped, index == 4 || index == 6 || index == 8 || index == 10 { write(UInt8(ascii: "-")) }
                write(digit: byte >> 4)
                write(digit: byte & 15)
            }
            return place
        }
    }

    package var description: String { uuid }
}

/// A protection scheme of Common Encryption. ISO/IEC 23001-7:2023, clauses 10.1 and 10.4.
package enum ProtectionScheme: String, Sendable, Hashable, Codable {
    /// AES-CTR, full samples with subsamples.
    case cenc
    /// AES-CBC, pattern 1:9 for video, constant IV.
    case cbcs

    package var fourCC: FourCC {
        switch self {
        case .cenc: "cenc"
        case .cbcs: "cbcs"
        }
    }
}

/// A content protection system, by its registered UUID.
package struct DRMSystemID: Hashable, Sendable, CustomStringConvertible {
    package let id: KeyID

    package init?(parsing text: some StringProtocol) {
        guard let id = KeyID(parsing: text) else { return nil }
        self.id = id
    }

    private init(known text: String) {
        guard let id = KeyID(parsing: text) else {
            preconditionFailure("not a UUID: \(text)")  // why: our own constants
        }
        self.id = id
    }

    package static let widevine = DRMSystemID(known: "edef8ba9-79d6-4ace-a3c8-27dcd51d21ed")
    package static let playReady = DRMSystemID(known: "9a04f079-9840-4286-ab92-e65be0885f95")
    package static let fairPlay = DRMSystemID(known: "94ce86fb-07ff-4f43-adb8-93d2fa968ca2")
    /// ClearKey as DASH signals it (DASH-IF): a descriptor with a licence URL.
    package static let clearKey = DRMSystemID(known: "e2719d58-a985-b3c9-781a-b030af78d30e")
    /// The W3C common PSSH box, whose version 1 lists KIDs.
    package static let common = DRMSystemID(known: "1077efec-c0b2-4d02-ace3-3c1e52e2fb4b")
    /// AES-128 in SPEKE 2: not registered, used by AWS and its reference server.
    package static let aes128 = DRMSystemID(known: "3ea8778f-7742-4bf9-b18b-e834b2acbd47")

    package var uuid: String { id.uuid }
    package var description: String { id.uuid }
}
