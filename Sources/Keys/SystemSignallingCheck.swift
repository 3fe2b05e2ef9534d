import CPIX
import CommonEncryption
import HLS
import ISOBMFF
import Media
import ProtectionSystems

extension SystemSignalling {
    /// What a provider says of one system, refused where it would break a manifest or a box, since it goes into them as
    /// it is; what it leaves out is made here.
    init(
        checking element: DRMSystemElement, as system: DRMSystemID, of key: ContentKey, for request: SPEKERequest
    ) throws(KeyError) {
        let check = Check(element: element, system: system, request: request)
        let pssh = try check.pssh()
        let media = try check.lines(element.hlsMedia.value ?? [], Key.tag)
        let multivariant = try check.lines(element.hlsMultivariant.value ?? [], Key.sessionTag)
        let fragment = try check.fragment()
        self.init(pssh: pssh, keyURI: media.first?.uri ?? multivariant.first?.uri ?? element.uriExtXKey.value)
        if !request.quirks.rebuildSignalling {
            contentProtectionData = fragment
            hlsMedia = element.hlsMedia.value ?? []
            hlsMultivariant = element.hlsMultivariant.value ?? []
        }
        let isFilled = pssh != nil || fragment != nil || keyURI != nil
        // ClearKey's and the common system's boxes hold nothing that is the provider's.
        guard isFilled || request.quirks.acceptEmptySystems || system == .clearKey || system == .common else {
            throw invalid("nothing filled in \(check.place)")
        }
        try complete(check, key)
    }

    private mutating func complete(_ check: Check, _ key: ContentKey) throws(KeyError) {
        // A plain key has no scheme, whatever is encrypted with it.
        let scheme = check.system == .aes128 ? nil : check.request.contract.scheme.commonEncryption
        let keyID = check.element.keyID
        var checksums: [KeyID: [UInt8]] = [:]
        if check.system == .playReady, scheme == .cenc, pssh == nil {
            checksums[keyID] = try? PlayReadyHeader.checksum(keyID, key)
        }
        let known = SystemKey(
            check.system, scheme: scheme, keyIDs: [keyID], pssh: pssh, keyURI: keyURI, checksums: checksums)
        do throws(MissingSignalling) {
            let made = try KeySignalling(completing: known)
            pssh = pssh ?? made.pssh
            if contentProtectionData == nil, let fragment = made.contentProtection?.fragment, !fragment.isEmpty {
                contentProtectionData = fragment
            }
            if hlsMedia.isEmpty { hlsMedia = made.key.map { [$0.line] } ?? [] }
            if hlsMultivariant.isEmpty {
                hlsMultivariant = hlsMedia.map { Key.sessionTag + $0.dropFirst(Key.tag.count) }
            }
        } catch {
            // A provider's lines alone do for a system that we know nothing of; FairPlay and AES-128 need their URI.
            guard error.reason == .noPSSH, !hlsMedia.isEmpty || contentProtectionData != nil else {
                throw invalid("nothing filled in \(check.place) that a player could use (\(error))")
            }
        }
    }

    private struct Check {
        let element: DRMSystemElement
        let system: DRMSystemID
        let request: SPEKERequest

        var place: String { "of system \(element.systemID), KID \(element.keyID)" }

        /// The boxes, or the one that PlayReady's object makes.
        func pssh() throws(KeyError) -> [UInt8]? {
            guard let bytes = element.pssh.value else {
                guard system == .playReady,
                    let object = element.protectionHeader.value ?? element.smoothStreamingProtectionHeader.value
                else { return nil }
                return ProtectionSystemSpecificHeader(systemID: .playReady, data: object).serialize()
            }
            let boxes: [ProtectionSystemSpecificHeader]
            do throws(ParseError) {
                boxes = try ProtectionSystemHeaders.parse(bytes)
            } catch {
                throw invalid("the PSSH \(place) is not a pssh box of it (\(error.reason))")
            }
            for box in boxes {
                guard box.systemID == element.systemID else {
                    throw invalid("the PSSH \(place) is not a pssh box of it (another system's)")
                }
                let named = try keyIDs(box)
                guard
                    named.isEmpty || named.contains(element.keyID)
                        || request.quirks.acceptOtherKeyIDsInSignalling
                else { throw invalid("the PSSH \(place) is for KID \(named[0])") }
            }
            return bytes
        }

        private func keyIDs(_ box: ProtectionSystemSpecificHeader) throws(KeyError) -> [KeyID] {
            do throws(ParseError) {
                return try box.namedKeyIDs
            } catch {
                // A version that came after us says its KIDs in its own way.
                if error.code == .unsupported { return [] }
                throw invalid("the PSSH \(place) has data that is not this system's (\(error.reason))")
            }
        }

        func fragment() throws(KeyError) -> String? {
            guard let fragment = element.contentProtectionData.value else { return nil }
            guard XMLFragment.isWellFormed(fragment) else {
                throw invalid("the ContentProtectionData \(place) is not well-formed XML")
            }
            return fragment
        }

        /// The tags that the lines are.
        func lines(_ lines: [String], _ tag: String) throws(KeyError) -> [Key] {
            var keys: [Key] = []
            for line in lines {
                guard line.hasPrefix(tag + ":"), line.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
                    throw invalid("the HLSSignalingData \(place) has a line other than \(tag):")
                }
                let key: Key
                do throws(PlaylistError) {
                    key = try Key(parsingLine: line)
                } catch {
                    throw invalid("the HLSSignalingData \(place) is not an attribute list (\(error.reason))")
                }
                keys.append(key)
                // NONE would tell players that protected segments are clear.
                guard key.method != .none else {
                    throw invalid("the HLSSignalingData \(place) has no METHOD that encrypts")
                }
                if request.quirks.rebuildSignalling { continue }
                let method = request.contract.scheme.hlsMethod
                // A provider cannot tell plain keys for SAMPLE-AES from those for AES-128: SPEKE 2.0 has one name for
                // both. What is written into playlists is the endpoint's METHOD.
                let isPlain = system == .aes128 && method == .sampleAES && key.method == .aes128
                guard key.method == method || isPlain else {
                    throw invalid(
                        "the HLSSignalingData \(place) has METHOD \(key.method.rawValue), not \(method.rawValue)")
                }
                if let named = key.keyID, named != element.keyID, !request.quirks.acceptOtherKeyIDsInSignalling {
                    throw invalid("the HLSSignalingData \(place) is for KID \(named)")
                }
            }
            return keys
        }
    }
}

extension KeyContract.Scheme {
    /// Nil where whole segments are encrypted.
    fileprivate var commonEncryption: ProtectionScheme? {
        switch self {
        case .cenc: .cenc
        case .cbcs, .sampleAES: .cbcs
        case .aes128: nil
        }
    }

    fileprivate var hlsMethod: Key.Method {
        switch self {
        case .cenc: .sampleAESCTR
        case .cbcs, .sampleAES: .sampleAES
        case .aes128: .aes128
        }
    }
}

private func invalid(_ reason: String) -> KeyError { KeyError(.invalidAnswer, reason) }
