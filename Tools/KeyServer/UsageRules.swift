import CPIX

/// The encryption contract within a request: which key is for which tracks. SPEKE 2.0, "Encryption contract".
struct UsageRules {
    var rules: [ContentKeyUsageRuleElement]

    private typealias Filter = ContentKeyUsageRuleElement.Filter

    func check() throws(Refusal) {
        for rule in rules {
            guard let type = rule.intendedTrackType, !type.isEmpty else {
                throw Refusal(text: "Missing ContentKeyUsageRule@intendedTrackType for KID \(rule.keyID)")
            }
            guard !rule.filters.isEmpty else {
                throw Refusal(text: "Missing VideoFilter or AudioFilter for KID \(rule.keyID)")
            }
            for filter in rule.filters { try check(filter, "for KID \(rule.keyID)") }
            try check(rule, type)
        }
        let types = rules.compactMap(\.intendedTrackType)
        let periods = rules.map { $0.periodIDs.first ?? "" }
        // A document for several periods has each type once in each.
        let places = zip(types, periods).map { "\($0)\n\($1)" }
        guard Set(places).count == places.count else {
            throw Refusal(text: "ContentKeyUsageRule@intendedTrackType values are not unique")
        }
        guard Set(types).count == 1 || !types.contains("ALL") else {
            throw Refusal(text: "ContentKeyUsageRule@intendedTrackType ALL with another rule beside it")
        }
    }

    /// ALL is for everything; the other names are made of parts, each of which may have a filter of its own.
    private func check(_ rule: ContentKeyUsageRuleElement, _ type: String) throws(Refusal) {
        let kinds = Set(rule.filters.map(\.kind))
        if type == "ALL" {
            guard kinds == [.audio, .video], rule.filters.allSatisfy({ $0.bounds.isEmpty }) else {
                throw Refusal(text: "intendedTrackType ALL wants a VideoFilter and an AudioFilter without attributes")
            }
            return
        }
        guard kinds.count == 1 else {
            throw Refusal(text: "intendedTrackType \(type.debugDescription) with filters for video and audio")
        }
        guard rule.filters.count <= type.split(separator: "+").count else {
            throw Refusal(text: "intendedTrackType \(type.debugDescription) with more filters than parts")
        }
        let audio = ["AUDIO", "STEREO_AUDIO", "MULTICHANNEL_AUDIO", "MULTICHANNEL_AUDIO_3_6", "MULTICHANNEL_AUDIO_7"]
        let video = ["VIDEO", "SD", "HD", "UHD", "SD+HD1", "HD1", "HD2", "UHD1", "UHD2"]
        guard !(audio.contains(type) && kinds == [.video]), !(video.contains(type) && kinds == [.audio]) else {
            throw Refusal(text: "intendedTrackType \(type) with the other medium's filter")
        }
    }

    private func check(_ filter: Filter, _ place: String) throws(Refusal) {
        let name = filter.kind.rawValue
        let known: [Filter.Bound] =
            filter.kind == .video ? [.minPixels, .maxPixels, .minFps, .maxFps] : [.minChannels, .maxChannels]
        for (attribute, value) in filter.bounds {
            if filter.kind == .video, attribute == "hdr" {
                guard ["true", "false", "1", "0"].contains(value) else {
                    throw Refusal(text: "\(name)@hdr \(place) is neither true nor false")
                }
                continue
            }
            guard let bound = Filter.Bound(rawValue: attribute), known.contains(bound) else {
                throw Refusal(text: "Unsupported \(name)@\(attribute.debugDescription) \(place)")
            }
            guard filter[bound] != nil else { throw Refusal(text: "\(name)@\(attribute) \(place) is not a number") }
        }
        for (least, most) in [
            (Filter.Bound.minPixels, Filter.Bound.maxPixels), (.minFps, .maxFps), (.minChannels, .maxChannels),
        ] {
            if let least = filter[least], let most = filter[most], least > most {
                throw Refusal(text: "\(name) \(place) has a minimum above its maximum")
            }
        }
    }
}
