import CommonEncryption
import DASH
import HLS
import Media

extension Presentation {
    static func manifest(_ mpd: MPD) -> File {
        File(type: "application/dash+xml", bytes: Array(mpd.serialize().utf8), cache: manifestCache)
    }

    /// Two periods of three segments each, the second a continuation of the first; then one segment later.
    mutating func addPeriods(_ media: [RecordedMedia], _ key: ContentKey) throws {
        for media in media { try addFiles(media, .cenc) { try media.protected($0, .cenc, key: key) } }
        let first = Self.mpd(media, Self.numbers, publishTime: 1030)
        files["/index.mpd"] = Self.manifest(first)
        setLater(Self.mpd(media, Self.numbers.lowerBound + 1...Self.numbers.upperBound + 1, publishTime: 1032))
    }

    /// What there is after the reload: the MPD, and the patch that makes it of the first one.
    mutating func setLater(_ mpd: MPD) {
        later["/index.mpd"] = Self.manifest(mpd)
        // As they are read, as clocks count for what is equal.
        guard let first = files["/index.mpd"].flatMap({ try? MPD(parsing: $0.bytes) }),
            let next = later["/index.mpd"].flatMap({ try? MPD(parsing: $0.bytes) }),
            let patch = MPDPatch(from: first, to: next) ?? MPDPatch(none: first)
        else { return }
        later["/patch.mpp"] = File(
            type: "application/dash-patch+xml", bytes: Array(patch.serialize().utf8), cache: Self.manifestCache)
    }

    private static func mpd(_ media: [RecordedMedia], _ numbers: ClosedRange<UInt64>, publishTime: Int64) -> MPD {
        let middle: UInt64 = 1003
        let halves = [Array(numbers.prefix { $0 < middle }), Array(numbers.drop { $0 < middle })]
        let periods = zip(halves, [Self.numbers.lowerBound, middle]).map { numbers, begin -> Period in
            var period = Period(
                id: "p\(begin)", start: Ticks(Int64(begin) * 1024, timescale: 1000),
                adaptationSets: media.enumerated().map { index, media in
                    let ticks = UInt64(media.ticks)
                    let run = SegmentTimeline.Run(
                        start: numbers[0] * ticks, duration: ticks, repeats: Int64(numbers.count) - 1)
                    return AdaptationSet(
                        id: UInt32(index + 1), mimeType: "\(media.track.name)/mp4",
                        contentProtections: [
                            .commonEncryption(.cenc, defaultKeyID: RecordedMedia.keyID),
                            .clearKey(licenseURL: "http://127.0.0.1/clearkey"),
                        ],
                        supplementalProperties: begin == middle ? [.periodContinuity(with: "p1000")] : [],
                        segmentTemplate: SegmentTemplate(
                            timescale: media.track.timescale, presentationTimeOffset: begin * ticks,
                            startNumber: numbers[0], media: "$RepresentationID$/$Number$.m4s",
                            initialization: "$RepresentationID$/init.mp4",
                            addressing: .timeline(SegmentTimeline(runs: [run]))),
                        representations: [
                            Representation(
                                id: media.track.name, bandwidth: 1_000_000, codecs: media.track.codec.rfc6381)
                        ])
                })
            if begin == middle {
                let event = EventStream.Event(
                    id: 7, time: Ticks(1004 * 1024, timescale: 1000), duration: Ticks(2048, timescale: 1000),
                    spliceInfoSection: Self.section)
                period.eventStreams = [
                    .spliceInfoSections([event], presentationTimeOffset: Ticks(Int64(begin) * 1024, timescale: 1000))
                ]
            }
            return period
        }
        return MPD(
            id: "p", type: .dynamic, availabilityStartTime: Ticks(0, timescale: 1),
            publishTime: Ticks(publishTime, timescale: 1), minimumUpdatePeriod: Ticks(2, timescale: 1),
            minBufferTime: Ticks(1, timescale: 1), timeShiftBufferDepth: Ticks(7, timescale: 1),
            maxSegmentDuration: RecordedMedia.duration,
            patchLocation: PatchLocation(url: "patch.mpp", lifetimeSeconds: 60), periods: periods,
            utcTimings: [.httpXSDate("time")])
    }

    /// Segments by number, which can be asked for half their duration before they end.
    mutating func addEarly(_ media: [RecordedMedia]) {
        for media in media {
            addFiles(media, nil) { media.clear($0) }
            // By then two have become whole.
            later["/\(media.track.name)/1007.m4s"] = File(type: "\(media.track.name)/mp4", bytes: media.clear(1007))
        }
        let sets = media.enumerated().map { index, media in
            AdaptationSet(
                id: UInt32(index + 1), mimeType: "\(media.track.name)/mp4",
                producerReferenceTime: ProducerReferenceTime(
                    id: UInt32(index + 1), wallClockTime: Ticks(0, timescale: 1), presentationTime: 0),
                segmentTemplate: SegmentTemplate(
                    timescale: media.track.timescale, startNumber: 0, media: "$RepresentationID$/$Number$.m4s",
                    initialization: "$RepresentationID$/init.mp4",
                    availabilityTimeOffset: Ticks(512, timescale: 1000), availabilityTimeComplete: false,
                    addressing: .duration(UInt64(media.ticks))),
                representations: [
                    Representation(id: media.track.name, bandwidth: 1_000_000, codecs: media.track.codec.rfc6381)
                ])
        }
        let mpd = MPD(
            type: .dynamic, availabilityStartTime: Ticks(0, timescale: 1), publishTime: Ticks(0, timescale: 1),
            minimumUpdatePeriod: Ticks(2, timescale: 1), minBufferTime: Ticks(1, timescale: 1),
            timeShiftBufferDepth: Ticks(7, timescale: 1), maxSegmentDuration: RecordedMedia.duration,
            serviceDescription: ServiceDescription(latency: .init(target: 1500, referenceID: 1)),
            periods: [Period(id: "p", start: Ticks(0, timescale: 1), adaptationSets: sets)],
            utcTimings: [.httpXSDate("time")])
        files["/index.mpd"] = Self.manifest(mpd)
        later["/index.mpd"] = files["/index.mpd"]
    }
}
