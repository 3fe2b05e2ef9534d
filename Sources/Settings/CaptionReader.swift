/// Reads `captionLanguageMappings`: the closed captions that an encoder sends inside the picture.
struct CaptionReader {
    let log: DiagnosticLog

    private static let keys = ["captionChannel", "languageCode", "languageDescription"]

    func read(_ root: Section) -> [CaptionService] {
        let advice = "- { captionChannel: CC1, languageCode: en, languageDescription: English }"
        var services: [CaptionService] = []
        for node in root.list("captionLanguageMappings", advice) ?? [] {
            guard let section = Section(node, "a caption language mapping", keys: Self.keys, log) else { continue }
            let channel = section.required("captionChannel", "CC1 to CC4, or SERVICE1 to SERVICE63")
                .flatMap { $0.text("captionChannel", log) }
            let language = section.required("languageCode", "a language tag such as en or pt-BR")
                .flatMap { $0.text("languageCode", log) }
            guard let channel, let language else { continue }
            guard let field = CaptionService.Channel(channel) else {
                log.error(
                    "'captionChannel' cannot be '\(channel)'; it is CC1 to CC4 (CEA-608) or SERVICE1 to SERVICE63 "
                        + "(CEA-708)", at: section.place(of: "captionChannel"))
                continue
            }
            guard Names.isLanguage(language) else {
                log.error(
                    "'languageCode' cannot be '\(language)'; write a language tag such as en or pt-BR",
                    at: section.place(of: "languageCode"))
                continue
            }
            let service = CaptionService(
                channel: field, language: language, name: section.text("languageDescription") ?? language)
            guard !services.contains(where: { $0.channel == field || $0.name == service.name }) else {
                log.error("'\(channel)', or its description, is there twice; each is there once", at: node.place)
                continue
            }
            services.append(service)
        }
        return services
    }
}
