/// One thing that a section says of advertising: something begins, ends or is cancelled. SCTE 35 2023r1, clauses 9.7.3 and
/// 10.3.3.1.
package struct AdSignal: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// A break begins, or a stretch in which there may be one.
        case out
        case `in`
        /// It will not be, or is over.
        case cancel
        /// Anything else that has a place in time: programmes, chapters, schedules.
        case command
    }

    package var kind: Kind
    /// Whose: 0 for splice_insert, else the segmentation type that begins it; 0xFF for what is neither.
    package var family: UInt8
    package var eventID: UInt32
    /// In ticks of 90 kHz.
    package var duration: UInt64?
    /// It is over when it has lasted so long, whether or not anybody says so.
    package var returnsByItself: Bool
    /// segmentation_upid_type and segmentation_upid.
    package var identifierType: UInt8 = 0
    package var identifier: [UInt8] = []
}

extension SpliceInfoSection {
    /// Segmentation types that begin a break, each ended by the one after it: breaks, advertisements and placement
    /// opportunities of providers and distributors, overlays, promotions and ad blocks too. Table 23.
    private static let beginnings: Set<UInt8> = [
        0x22, 0x30, 0x32, 0x34, 0x36, 0x38, 0x3A, 0x3C, 0x3E, 0x44, 0x46,
    ]

    /// What it says; nothing where it is a mere sign of life.
    package var signals: [AdSignal] {
        switch command {
        case .null: []
        case .insert(let insert): [Self.signal(insert)]
        case .timeSignal:
            segmentations.isEmpty ? [Self.command] : segmentations.map(Self.signal)
        case .other(let type, _): type == 0x07 ? [] : [Self.command]
        }
    }

    /// When it is to be done, on the transport stream's clock it was made for; nil: at once.
    package var time: PresentationTime? {
        switch command {
        case .insert(let insert):
            (insert.splice?.time ?? insert.splice?.components?.first?.time)?.time.map { $0 + adjustment.value }
        case .timeSignal(let time): time.time.map { $0 + adjustment.value }
        case .null, .other: nil
        }
    }

    private var segmentations: [SegmentationDescriptor] {
        descriptors.compactMap { if case .segmentation(let descriptor) = $0 { descriptor } else { nil } }
    }

    private static let command = AdSignal(
        kind: .command, family: 0xFF, eventID: 0, duration: nil, returnsByItself: true)

    private static func signal(_ insert: SpliceInsert) -> AdSignal {
        guard let splice = insert.splice else {
            return AdSignal(kind: .cancel, family: 0, eventID: insert.eventID, duration: nil, returnsByItself: false)
        }
        let duration = splice.duration.flatMap { $0.ticks > 0 ? $0 : nil }
        return AdSignal(
            kind: splice.leavesNetwork ? .out : .in, family: 0, eventID: insert.eventID,
            duration: splice.leavesNetwork ? duration?.ticks : nil,
            returnsByItself: splice.leavesNetwork && duration?.returnsByItself ?? false)
    }

    private static func signal(_ descriptor: SegmentationDescriptor) -> AdSignal {
        guard let segment = descriptor.segment else {
            return AdSignal(
                kind: .cancel, family: 0xFF, eventID: descriptor.eventID, duration: nil, returnsByItself: false)
        }
        let duration = segment.duration.flatMap { $0 > 0 ? $0 : nil }
        var signal = AdSignal(
            kind: .command, family: segment.type, eventID: descriptor.eventID, duration: duration,
            returnsByItself: duration != nil)
        signal.identifierType = segment.identifierType
        signal.identifier = segment.identifier
        if beginnings.contains(segment.type) {
            signal.kind = .out
        } else if segment.type > 0, beginnings.contains(segment.type - 1) {
            (signal.kind, signal.family, signal.duration) = (.in, segment.type - 1, nil)
        }
        return signal
    }
}
