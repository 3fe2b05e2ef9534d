import DASH
import HLS
import Media
import Probe
import Testing

/// One thing broken in a presentation that is right otherwise, and the one rule that must be found broken by it.
struct PlantedFault: CustomTestStringConvertible, Sendable {
    typealias Plant = @Sendable (inout Presentation) throws -> Void

    /// When the fault is there.
    enum Time {
        case atOnce
        /// In the reload alone.
        case later
        /// After some seconds of reloads.
        case after(Int)
    }

    var name: String
    var kind: Presentation.Kind
    var rule: String
    var clause: String
    var severity: Severity
    var time: Time
    var plant: Plant

    var testDescription: String { "\(kind): \(name)" }

    init(
        _ name: String, _ kind: Presentation.Kind, _ rule: String, _ clause: String, _ severity: Severity,
        _ time: Time, _ plant: @escaping Plant
    ) {
        (self.name, self.kind, self.rule, self.clause) = (name, kind, rule, clause)
        (self.severity, self.time, self.plant) = (severity, time, plant)
    }

    init(
        _ name: String, _ kind: Presentation.Kind, _ rule: String, _ clause: String, _ severity: Severity,
        _ plant: @escaping Plant
    ) {
        self.init(name, kind, rule, clause, severity, .atOnce, plant)
    }

    init(_ name: String, _ kind: Presentation.Kind, _ rule: String, _ clause: String, _ plant: @escaping Plant) {
        self.init(name, kind, rule, clause, .error, .atOnce, plant)
    }

    static let all = http + playlists + reloads + lowLatency + manifests + keys + media

    struct NotPlanted: Error { var what: String }
}

/// Ways to plant one.
extension PlantedFault {
    /// Other text in all files whose name ends so.
    static func text(_ suffix: String, _ old: String, _ new: String) -> Plant {
        { presentation in
            var isThere = false
            presentation.edit(suffix) { text in
                isThere = isThere || text.contains(old)
                return text.replacing(old, with: new)
            }
            guard isThere else { throw NotPlanted(what: old) }
        }
    }

    /// Another value of one file, or of its version after the reload alone.
    static func file(
        _ name: String, later isLater: Bool = false,
        _ change: @escaping @Sendable (inout Presentation.File) throws -> Void
    ) -> Plant {
        { presentation in
            guard var file = isLater ? presentation.later[name] ?? presentation.files[name] : presentation.files[name]
            else { throw NotPlanted(what: name) }
            try change(&file)
            if isLater { presentation.later[name] = file } else { presentation.files[name] = file }
        }
    }

    static func bytes(_ name: String, _ make: @escaping @Sendable () throws -> [UInt8]) -> Plant {
        file(name) { $0.bytes = try make() }
    }

    /// A media playlist that says another, now or after the reload.
    static func playlist(
        _ name: String, later: Bool = false, _ change: @escaping @Sendable (inout MediaPlaylist) -> Void
    ) -> Plant {
        file("/\(name)/playlist.m3u8", later: later) { file in
            var playlist = try MediaPlaylist(parsing: file.text)
            change(&playlist)
            file.text = playlist.serialize()
        }
    }

    /// An MPD that says another.
    static func mpd(_ change: @escaping @Sendable (inout MPD) -> Void) -> Plant {
        file("/index.mpd") { file in
            var mpd = try MPD(parsing: file.bytes)
            change(&mpd)
            file.text = mpd.serialize()
        }
    }

    /// An MPD of the reload that says another, with the patch that goes with it.
    static func laterMPD(_ change: @escaping @Sendable (inout MPD) -> Void) -> Plant {
        { presentation in
            var mpd = try MPD(parsing: presentation.later["/index.mpd"]?.bytes ?? [])
            change(&mpd)
            presentation.setLater(mpd)
        }
    }

    /// The template of one period and set: 0 for video.
    static func template(_ mpd: inout MPD, _ period: Int, _ set: Int = 0, _ change: (inout SegmentTemplate) -> Void) {
        guard var template = mpd.periods[period].adaptationSets[set].segmentTemplate else { return }
        change(&template)
        mpd.periods[period].adaptationSets[set].segmentTemplate = template
    }

    static func runs(_ template: inout SegmentTemplate, _ change: (inout [SegmentTimeline.Run]) -> Void) {
        guard case .timeline(var timeline) = template.addressing else { return }
        change(&timeline.runs)
        template.addressing = .timeline(timeline)
    }
}
