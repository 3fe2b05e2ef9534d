package import CommonEncryption
package import ISOBMFF
package import Media

/// A CMAF segment as fetched, with the header it goes with: opened and looked into.
package struct CMAFSegment {
    private let bytes: [UInt8]
    private let header: CMAFHeader
    private let table: MovieFragmentTable
    /// In decode order, as they came.
    private let samples: [(parameters: ProtectionParameters?, sample: SampleLocation, fragment: Int, index: Int)]

    /// Samples of at least this many bytes are protected at least in part, by any scheme.
    private static let blockSize = 16
    /// Clear before the protected bytes of a slice are its header, and a block or a few: not as much as this.
    private static let sliceSizeThatProves = 512
    /// So many frames that all look like AAC are AAC: 2^-24 for random ones.
    private static let frameCountThatProves = 24

    package init(parsing bytes: [UInt8], header: CMAFHeader) throws(ParseError) {
        self.bytes = bytes
        self.header = header
        table = try MovieFragmentTable(
            parsing: bytes.span, defaults: header.defaults, perSampleIVSize: header.protection?.perSampleIVSize)
        var samples: [(ProtectionParameters?, SampleLocation, Int, Int)] = []
        for (number, fragment) in table.fragments.enumerated() {
            let isProtected = fragment.keyGroup?.isProtected ?? true
            let parameters =
                isProtected
                ? header.protection.map { ProtectionParameters($0, group: fragment.keyGroup) } : nil
            for (index, sample) in fragment.samples.enumerated() { samples.append((parameters, sample, number, index)) }
        }
        self.samples = samples
    }

    /// Every key that the samples need.
    package var keyIDs: [KeyID] {
        samples.reduce(into: []) { ids, sample in
            if let id = sample.parameters?.keyID, !ids.contains(id) { ids.append(id) }
        }
    }

    package var facts: SegmentFacts {
        let timescale = header.track.timescale
        var size: (Int, Int)?
        if let picture = header.track.codec.pictureSize { size = (Int(picture.width), Int(picture.height)) }
        return SegmentFacts(
            start: Ticks(table.fragments[0].baseMediaDecodeTime, timescale: timescale),
            shown: Ticks(
                table.fragments[0].baseMediaDecodeTime &+ Int64(samples.first?.sample.compositionOffset ?? 0),
                timescale: timescale),
            duration: Ticks(table.duration, timescale: timescale),
            frame: Ticks(Int64(samples.map(\.sample.duration).max() ?? 0), timescale: timescale),
            codecs: [header.track.codec.rfc6381], size: size)
    }

    /// Opens all samples and looks at what is in them.
    ///
    /// - Parameters:
    ///   - keys: those of `keyIDs` that could be had; samples without theirs are passed over.
    ///   - evidence: what the pictures of the segments before showed; these are added.
    package func issues(keys: [KeyID: ContentKey], evidence: inout PictureEvidence) -> [Issue] {
        var issues = timeIssues()
        if samples.first?.sample.isSync != true {
            issues.append(Issue(.sync, "the first sample is no sync sample"))
        }
        if header.protection != nil, let issue = announcedButClear() { return issues + [issue] }
        var raw: [[UInt8]] = []
        var opened: [[UInt8]] = []
        for (parameters, sample, fragment, index) in samples {
            var data = Array(bytes[sample.offset..<sample.offset + sample.size])
            if let parameters {
                guard let key = keys[parameters.keyID] else { continue }
                raw.append(data)
                let encryption = table.fragments[fragment].encryption
                do throws(UnprotectError) {
                    let unprotector = try SampleUnprotector(parameters, key: key)
                    try unprotector.unprotect(
                        &data, iv: encryption?.iv(ofSample: index) ?? [],
                        subsamples: encryption?.subsamples(ofSample: index) ?? [])
                } catch {
                    return issues + [Issue(.decryption, "sample \(index) of fragment \(fragment): \(error)")]
                }
            }
            opened.append(data)
        }
        return issues + payloadIssues(raw: raw, opened: opened, &evidence)
    }

    /// Fragments follow each other without a hole.
    private func timeIssues() -> [Issue] {
        var next: Int64?
        for fragment in table.fragments {
            if let next, fragment.baseMediaDecodeTime != next {
                return [
                    Issue(
                        .continuity,
                        "a fragment starts at \(fragment.baseMediaDecodeTime), the one before ended at \(next)")
                ]
            }
            next = fragment.baseMediaDecodeTime &+ fragment.duration
        }
        return []
    }

    /// The header says that samples are protected, the fragments say that they are not.
    private func announcedButClear() -> Issue? {
        var protectedBytes: UInt64 = 0
        var largest = 0
        for (parameters, sample, fragment, index) in samples {
            largest = max(largest, sample.size)
            guard let parameters else { return Issue(.clear, "a fragment's key group says that it is not protected") }
            guard let encryption = table.fragments[fragment].encryption else {
                if parameters.perSampleIVSize > 0 {
                    return Issue(.clear, "no senc: samples have no IV to be protected by")
                }
                protectedBytes += UInt64(sample.size)
                continue
            }
            let runs = encryption.subsamples(ofSample: index)
            protectedBytes += runs.isEmpty ? UInt64(sample.size) : runs.reduce(0) { $0 + UInt64($1.protected) }
        }
        guard protectedBytes > 0 || largest <= Self.blockSize else {
            return Issue(.clear, "no byte of the segment is within a protected range")
        }
        return clearSample()
    }

    /// A sample that is in the clear among others that are not, though it is too long for that.
    private func clearSample() -> Issue? {
        for (_, sample, fragment, index) in samples {
            guard let runs = table.fragments[fragment].encryption?.subsamples(ofSample: index), !runs.isEmpty,
                runs.allSatisfy({ $0.protected == 0 })
            else { continue }
            switch header.track.codec {
            case .avc(let record, _, _):
                var cursor = NALUnitCursor(lengthSize: record.nalUnitLengthSize)
                let data = bytes.span.extracting(sample.offset..<sample.offset + sample.size)
                while let range = try? cursor.next(in: data) {
                    guard range.count >= Self.sliceSizeThatProves else { continue }
                    let type = NALUnitHeader(data[range.lowerBound]).type
                    guard type == .slice || type == .idrSlice else { continue }
                    return Issue(.clear, "sample \(index) of fragment \(fragment) has a slice in the clear")
                }
            case .aac, .ac3, .eac3, .opus:
                if sample.size > Self.blockSize {
                    return Issue(.clear, "sample \(index) of fragment \(fragment) is in the clear")
                }
            case .hevc, .av1, .jpeg, .webVTT: break  // their bytes are not looked at
            }
        }
        return nil
    }

    /// - Parameters:
    ///   - raw: the protected samples as they came.
    ///   - opened: all samples that could be opened.
    private func payloadIssues(
        raw: [[UInt8]], opened: [[UInt8]], _ evidence: inout PictureEvidence
    ) -> [Issue] {
        switch header.track.codec {
        case .aac(let configuration):
            let channels = configuration.channels
            let large = raw.filter { $0.count >= Self.blockSize }
            if large.count >= Self.frameCountThatProves,
                large.allSatisfy({ AACPayload.isPlausible($0, channels: channels) })
            {
                return [Issue(.clear, "all \(large.count) frames are AAC without being opened")]
            }
            let bad = opened.count { !AACPayload.isPlausible($0, channels: channels) }
            return bad == 0 ? [] : [Issue(.payload, "\(bad) of \(opened.count) samples are no AAC frames: wrong key?")]
        case .avc(let record, _, _):
            guard let seen = Self.look(at: opened, record), let before = Self.look(at: raw, record) else {
                return [Issue(.header, "the parameter sets cannot be parsed")]
            }
            evidence.slices += before.slices
            evidence.violationsBefore += before.violations
            evidence.violationsAfter += seen.violations
            var issues: [Issue] = []
            if seen.isIDR == false { issues.append(Issue(.sync, "the first picture is no IDR picture")) }
            guard seen.violations > 0 else { return issues }
            if evidence.showsClearPictures {
                return issues + [Issue(.clear, "all \(evidence.slices) slices are H.264 without being opened")]
            }
            return issues + [
                Issue(
                    .payload,
                    "\(seen.violations) of \(opened.count) samples: \(seen.firstViolation): "
                        + (raw.isEmpty ? "no H.264" : "wrong key, or not encrypted"))
            ]
        case .webVTT:
            let bad = opened.count { (try? WebVTTSample.parse($0.span)) == nil }
            return bad == 0 ? [] : [Issue(.payload, "\(bad) of \(opened.count) samples are no cues of WebVTT")]
        case .hevc, .av1, .ac3, .eac3, .opus, .jpeg: return []  // their bytes are not looked at
        }
    }

    private struct Look {
        var slices = 0
        var violations = 0
        var firstViolation = ""
        /// Of the first sample.
        var isIDR: Bool?
    }

    private static func look(at samples: [[UInt8]], _ record: AVCDecoderConfigurationRecord) -> Look? {
        guard var payload = try? AVCPayload(record) else { return nil }
        var look = Look()
        for (index, sample) in samples.enumerated() {
            let verdict = payload.verdict(of: sample)
            if index == 0 { look.isIDR = verdict.isIDR }
            look.slices += verdict.slices
            guard let violation = verdict.violation else { continue }
            if look.violations == 0 { look.firstViolation = violation }
            look.violations += 1
        }
        return look
    }
}

/// What the protected pictures of a rendition have shown so far, before and after they were opened.
///
/// A slice of random bytes breaks a rule of H.264 in one case of 256 or more, so only many of them tell.
package struct PictureEvidence: Sendable, Equatable {
    package var slices = 0
    package var violationsBefore = 0
    package var violationsAfter = 0

    package init() {}

    /// Under one percent of encrypted streams get so far without a violation.
    private static let slicesThatProve = 1280

    /// They are pictures as they come, and none once "opened".
    package var showsClearPictures: Bool {
        violationsBefore == 0 && violationsAfter > 0 && slices >= Self.slicesThatProve
    }
}
