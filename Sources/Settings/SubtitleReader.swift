import Media

/// Reads which closed captions are made into subtitles: those of CEA-608 that `captionLanguageMappings` names.
struct SubtitleReader {
    let log: DiagnosticLog

    func read(_ captions: [CaptionService], _ root: Section, _ ladder: Ladder) -> [CaptionRung] {
        let place = root.keyPlace("captionLanguageMappings")
        let rungs = captions.compactMap { service in
            service.field.map { CaptionRung(channel: $0, language: service.language) }
        }
        if ladder.video.isEmpty {
            log.error("subtitles are made of captions inside pictures, and this profile has none", at: place)
        }
        let names = Set(ladder.video.map(\.name) + ladder.audio.map(\.name))
        for rung in rungs where names.contains(rung.name) {
            log.error("the rung '\(rung.name)' has the name that subtitles have; rename it", at: place)
        }
        return rungs
    }

    /// Words are content too: nothing that is protected has them in the clear unless the profile says so.
    func check(_ endpoint: EndpointProfile, hasCaptions: Bool, _ section: Section) {
        let (word, clear) = ("includeSubtitles", "clearSubtitles")
        if endpoint.clearSubtitles {
            if !endpoint.includeSubtitles {
                log.error("'\(clear)' says how subtitles go out, and there are none", at: section.keyPlace(clear))
            } else if endpoint.encryption == nil {
                log.error("'\(clear)' is of an endpoint with encryption; delete it", at: section.keyPlace(clear))
            } else {
                log.warning(
                    "'\(clear)': what is said in what is protected goes out in the clear", at: section.keyPlace(clear))
            }
        }
        guard endpoint.includeSubtitles else { return }
        if !hasCaptions {
            log.error(
                "'\(word)' makes subtitles of closed captions, and none of CC1 to CC4 is named: write "
                    + "captionLanguageMappings: [{ captionChannel: CC1, languageCode: en }]",
                at: section.keyPlace(word))
        } else if endpoint.subtitleForm == nil {
            log.error(
                "'\(word)': subtitles have a form under AES-128 in HLS and under nothing else, so they would go out in "
                    + "the clear; delete it, or write \(clear): true beside it",
                at: section.keyPlace(word))
        }
    }
}
