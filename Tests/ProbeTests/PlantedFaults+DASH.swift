import DASH
import Media
import Probe

extension PlantedFault {
    private static let mpdClause = "ISO/IEC 23009-1, 5.3.1.2"
    private static let earlyClause = "ISO/IEC 23009-1, 5.3.9.5.3; 5.12; annex K"

    static let manifests: [PlantedFault] = [
        PlantedFault(
            "not XML", .dash, "dash.syntax", "ISO/IEC 23009-1, 5.3.1", file("/index.mpd") { $0.bytes.removeLast(8) }),
        PlantedFault(
            "no availabilityStartTime", .dash, "dash.availability-start", mpdClause,
            mpd { $0.availabilityStartTime = nil }),
        PlantedFault(
            "availabilityStartTime changes", .dash, "dash.availability-start", mpdClause, .error, .later,
            laterMPD { $0.availabilityStartTime = Ticks(200, timescale: 1000) }),
        PlantedFault(
            "publishTime goes back", .dash, "dash.publish-time", mpdClause, .error, .later,
            laterMPD { $0.publishTime = Ticks(1000, timescale: 1) }),
        PlantedFault(
            "changed under one publishTime", .dash, "dash.publish-time", mpdClause, .error, .later,
            laterMPD { $0.publishTime = Ticks(1030, timescale: 1) }),
        PlantedFault(
            "never asked for again", .dash, "dash.minimum-update-period", mpdClause,
            mpd { $0.minimumUpdatePeriod = nil }),
        PlantedFault(
            "one representation stands still", .dash, "dash.minimum-update-period", mpdClause, .error, .after(7)
        ) { presentation in
            // The pictures go on for one segment more, and have not been still for long.
            try mpd { $0.patchLocation = nil }(&presentation)
            try laterMPD { mpd in
                mpd.patchLocation = nil
                template(&mpd, 1, 1) { runs(&$0) { $0[0].repeats -= 1 } }
            }(&presentation)
        },
        PlantedFault(
            "an MPD of a minute ago", .dash, "live.edge", "RFC 8216, 6.2.2",
            mpd { $0.availabilityStartTime = Ticks(-60, timescale: 1) }),
        PlantedFault(
            "a period that overlaps the next", .dash, "dash.periods", "ISO/IEC 23009-1, 5.3.2.1",
            mpd { $0.periods[0].duration = Ticks(4, timescale: 1) }),
        PlantedFault(
            "a period that moves", .dash, "dash.periods", "ISO/IEC 23009-1, 5.3.2.1", .error, .later,
            laterMPD { $0.periods[1].start = Ticks(1003 * 1024 + 10, timescale: 1000) }),
        PlantedFault(
            "a gap between periods", .dash, "dash.period-gap", "ISO/IEC 23009-1, 5.3.2.1", .warning,
            mpd { mpd in
                for set in mpd.periods[1].adaptationSets.indices {
                    mpd.periods[1].adaptationSets[set].supplementalProperties = []
                    template(&mpd, 0, set) { runs(&$0) { $0[0].repeats = 1 } }
                }
            }),
        PlantedFault(
            "a period that continues what is not there", .dash, "dash.period-continuity", "ISO/IEC 23009-1, 5.3.2.4",
            mpd { mpd in template(&mpd, 0) { runs(&$0) { $0[0].repeats = 1 } } }),
        PlantedFault(
            "a gap between S elements", .dash, "dash.timeline", "ISO/IEC 23009-1, 5.3.9.6",
            mpd { mpd in
                template(&mpd, 0) { template in
                    runs(&template) { runs in
                        let (start, duration) = (runs[0].start, runs[0].duration)
                        runs = [
                            .init(start: start, duration: duration),
                            .init(start: start + 2 * duration, duration: duration),
                        ]
                    }
                }
            }),
        PlantedFault(
            "a URL of another segment", .dash, "dash.segment-identity", "ISO/IEC 23009-1, 5.3.9.4", .error, .later,
            laterMPD { mpd in template(&mpd, 0) { runs(&$0) { $0[0].start += 10 } } }),
        PlantedFault(
            "another KID", .dash, "dash.default-kid", "ISO/IEC 23001-7, 11.2",
            text("index.mpd", "default_KID=\"0", "default_KID=\"1")),
        PlantedFault(
            "another scheme", .dash, "dash.default-kid", "ISO/IEC 23001-7, 11.2",
            text("index.mpd", "value=\"cenc\"", "value=\"cbcs\"")),
        PlantedFault(
            "no system", .dash, "dash.systems", "ISO/IEC 23009-1, 5.8.4.1",
            mpd { $0.periods[0].adaptationSets[0].contentProtections.removeLast() }),
        PlantedFault(
            "above its bandwidth", .dash, "dash.bandwidth", "ISO/IEC 23009-1, 5.3.5.2",
            text("index.mpd", "bandwidth=\"1000000\"", "bandwidth=\"9\"")),
        PlantedFault(
            "other codecs", .dash, "dash.codecs", "ISO/IEC 23009-1, 5.3.7.2",
            text("index.mpd", "mp4a.40.2", "mp4a.40.5")),
        PlantedFault(
            "media elsewhere in time", .dash, "dash.media-time", "ISO/IEC 23009-1, 5.3.9.6",
            mpd { mpd in
                template(&mpd, 1) { template in
                    template.presentationTimeOffset += 9000
                    runs(&template) { $0[0].start += 9000 }
                }
            }),
        PlantedFault(
            "early, and not how early", .earlyDASH, "dash.low-latency", earlyClause,
            mpd { mpd in template(&mpd, 0) { $0.availabilityTimeOffset = nil } }),
        PlantedFault(
            "a latency from nowhere", .earlyDASH, "dash.low-latency", earlyClause,
            mpd { $0.serviceDescription?.latency?.referenceID = 77 }),
        PlantedFault(
            "another time of day", .earlyDASH, "dash.low-latency", earlyClause,
            mpd { $0.periods[0].adaptationSets[0].producerReferenceTime?.wallClockTime = Ticks(60, timescale: 1) }),
        PlantedFault(
            "a segment that is another when it is whole", .earlyDASH, "dash.segment-under-way",
            "ISO/IEC 23009-1, 5.3.9.5.3; RFC 9112, 7.1",
            file("/video/1006.m4s") { $0.next = Array($0.bytes.dropLast()) }),
        PlantedFault(
            "a section whose CRC is wrong", .dash, "dash.event-stream",
            "ISO/IEC 23009-1, 5.10.2; SCTE 214-1, 6.7.3",
            mpd { $0.periods[1].eventStreams[0].events[0].spliceInfoSection?[20] ^= 1 }),
        PlantedFault(
            "an event that is no section", .dash, "dash.event-stream", "ISO/IEC 23009-1, 5.10.2; SCTE 214-1, 6.7.3",
            text("index.mpd", "scte35:Binary", "scte35:Text")),
        PlantedFault(
            "two events of one id", .dash, "dash.event-stream", "ISO/IEC 23009-1, 5.10.2; SCTE 214-1, 6.7.3",
            mpd { mpd in
                let events = mpd.periods[1].eventStreams[0].events
                mpd.periods[1].eventStreams[0].events += events
            }),
        PlantedFault(
            "a patch that makes another MPD", .dash, "dash.patch", "ISO/IEC 23009-1, 5.15", .error, .later,
            file("/patch.mpp", later: true) { file in
                guard file.text.contains("r=\"1\"") else { throw NotPlanted(what: file.text) }
                file.text.replace("r=\"1\"", with: "r=\"2\"")
            }),
        PlantedFault(
            "a patch of what is not there", .dash, "dash.patch", "ISO/IEC 23009-1, 5.15", .error, .later,
            file("/patch.mpp", later: true) { $0.text.replace("p1000", with: "p999") }),
        PlantedFault(
            "a segment that leaves early", .dash, "dash.time-shift", mpdClause, .error, .later,
            laterMPD { mpd in
                for set in mpd.periods[0].adaptationSets.indices {
                    template(&mpd, 0, set) { template in
                        template.startNumber += 1
                        runs(&template) { $0[0] = .init(start: $0[0].start + $0[0].duration, duration: $0[0].duration) }
                    }
                }
            }),
        PlantedFault(
            "no UTCTiming", .dash, "dash.utc-timing", "ISO/IEC 23009-1, 5.8.4.11", .warning,
            mpd { $0.utcTimings = [] }),
    ]
}
