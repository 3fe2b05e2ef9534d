package import CommonEncryption
import Media
import OpenSSLCrypto

/// Opens what SAMPLE-AES protects in a transport stream: H.264 and AAC.
///
/// Written from the format (Apple, MPEG-2 Stream Encryption Format for HTTP Live Streaming, clauses 2.2 to 3) and not
/// from the packager's own protection, so that a mistake there does not cancel out here.
extension TransportStreamSegment {
    private static let protectedAVC: UInt8 = 0xDB
    private static let protectedAAC: UInt8 = 0xCF
    /// Of a slice, and of an AAC frame behind its header.
    private static let clearSliceBytes = 32
    private static let clearFrameBytes = 16

    /// Whether the program map says of any stream that it is protected. The others are in the clear, as a contract may
    /// leave sound or pictures.
    package var hasProtectedStreams: Bool { streams.contains { Self.descriptor(of: $0.type) != nil } }

    /// Opens every protected stream; they are then as if they had come in the clear.
    ///
    /// - Parameters:
    ///   - iv: 16 bytes.
    ///   - evidence: what the sound of the segments before showed under this key; this segment's is added.
    /// - Returns: what is wrong with how they are protected, and with what was opened. A wrong key shows in the sound
    ///   alone: of pictures nine tenths are as the encoder wrote them, and the rest looks random either way.
    package mutating func open(key: ContentKey, iv: [UInt8], evidence: inout SoundEvidence) -> [Issue] {
        var issues: [Issue] = []
        do throws(OpenSSLError) {
            let chain = try AESCBC(key: key.bytes, .decrypt)
            for index in streams.indices {
                guard let descriptor = Self.descriptor(of: streams[index].type) else { continue }
                if !streams[index].descriptors.contains([0x0F, 4] + Array(descriptor.utf8)) {
                    issues.append(
                        Issue(.sampleAES, "PID \(streams[index].packetID) has no descriptor that says \(descriptor)"))
                }
                switch streams[index].type {
                case Self.protectedAVC: issues += try openPictures(index, chain, iv)
                case Self.protectedAAC: issues += try openSound(index, chain, iv, &evidence)
                default: continue  // not known here; it stays a stream of an unknown type
                }
            }
        } catch {
            issues.append(Issue(.decryption, "\(error)"))
        }
        return issues
    }

    /// The four letters that the private data indicator of a protected stream has; nil where it is not protected.
    private static func descriptor(of type: UInt8) -> String? {
        switch type {
        case protectedAVC: "zavc"
        case protectedAAC: "aacd"
        case 0xC1: "ac3d"
        case 0xC2: "ec3d"
        default: nil
        }
    }

    private mutating func openPictures(
        _ index: Int, _ chain: borrowing AESCBC, _ iv: [UInt8]
    ) throws(OpenSSLError) -> [Issue] {
        var payload = AVCPayload()
        var violations = 0
        var first = ""
        for unit in streams[index].units.indices {
            let bytes = streams[index].units[unit].payload
            var stream: [UInt8] = []
            var sample: [UInt8] = []
            for range in Self.nalUnits(bytes) {
                var nal = Array(bytes[range])
                if [.slice, .idrSlice].contains(NALUnitHeader(nal[0]).type), nal.count > Self.clearSliceBytes + 16 {
                    nal = Self.withoutStartCodePrevention(nal)
                    try Self.openSlice(&nal, chain, iv)
                }
                stream += [0, 0, 0, 1] + nal
                sample += (0..<4).map { UInt8(truncatingIfNeeded: nal.count >> (24 - 8 * $0)) } + nal
            }
            if let violation = payload.verdict(of: sample).violation {
                if violations == 0 { first = violation }
                violations += 1
            }
            streams[index].units[unit].payload = stream
        }
        streams[index].type = Self.avc
        guard violations > 0 else { return [] }
        return [
            Issue(
                .payload,
                "\(violations) of \(streams[index].units.count) pictures: \(first): wrong key, or not encrypted")
        ]
    }

    /// One block of ten, while more than one is left.
    private static func openSlice(
        _ nal: inout [UInt8], _ chain: borrowing AESCBC, _ iv: [UInt8]
    ) throws(OpenSSLError) {
        try chain.restart(iv: iv)
        let count = nal.count
        var bytes = nal.mutableSpan
        var place = clearSliceBytes
        while count - place > 16 {
            try chain.apply(to: &bytes, in: place..<place + 16)
            place += 160
        }
    }

    /// Takes away what was put in after encryption. ITU-T H.264 (08/2021), clause 7.4.1.1.
    private static func withoutStartCodePrevention(_ nal: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(nal.count)
        var zeros = 0
        for byte in nal {
            if zeros >= 2, byte == 3 {
                zeros = 0
                continue
            }
            zeros = byte == 0 ? zeros + 1 : 0
            bytes.append(byte)
        }
        return bytes
    }

    private mutating func openSound(
        _ index: Int, _ chain: borrowing AESCBC, _ iv: [UInt8], _ evidence: inout SoundEvidence
    ) throws(OpenSSLError) -> [Issue] {
        for unit in streams[index].units.indices {
            guard let found = Self.adtsFrames(streams[index].units[unit].payload) else { continue }
            for frame in found.frames {
                let start = frame.lowerBound + Self.clearFrameBytes
                guard start + 16 <= frame.upperBound else { continue }
                let end = frame.upperBound - (frame.upperBound - start) % 16
                let saysEnd = end == frame.upperBound
                if saysEnd, AACPayload.hasEnd(streams[index].units[unit].payload[frame]) { evidence.endsBefore += 1 }
                try chain.restart(iv: iv)
                var bytes = streams[index].units[unit].payload.mutableSpan
                try chain.apply(to: &bytes, in: start..<end)
                guard saysEnd else { continue }
                evidence.frames += 1
                if AACPayload.hasEnd(streams[index].units[unit].payload[frame]) { evidence.endsAfter += 1 }
            }
        }
        streams[index].type = Self.adts
        return evidence.issue.map { [$0] } ?? []
    }
}

/// What the protected AAC frames of a rendition have shown so far under one key: of those whose last bytes are encrypted,
/// one of 16, how many end as AAC does before and after they were opened.
package struct SoundEvidence: Sendable, Equatable {
    var frames = 0
    var endsBefore = 0
    var endsAfter = 0

    package init() {}

    /// Of random frames a quarter has an end: 2^-16 for eight in a row, 5 in 100 for half of four.
    fileprivate var issue: Issue? {
        if frames >= 8, endsBefore == frames, endsAfter < frames {
            return Issue(.clear, "all \(frames) frames that could tell are AAC without being opened")
        }
        guard frames >= 4, endsAfter * 2 < frames else { return nil }
        return Issue(.payload, "\(frames - endsAfter) of \(frames) frames do not end as AAC does: wrong key?")
    }
}
