import CCurl

/// libcurl's process-wide state, set up before the first handle.
enum Curl {
    /// `curl_global_init_mem` is to run once; a static is initialised once, by whichever thread is first.
    static let initialised: Bool = sluice_curl_initialise() == CURLE_OK

    /// Turns a code of libcurl into an error, in this one place.
    static func error(_ code: CURLcode, detail: String, request: HTTPRequest, isTooLarge: Bool) -> HTTPError {
        let kind: HTTPError.Code =
            switch code {
            case CURLE_URL_MALFORMAT: .invalidRequest
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_PROXY: .cannotConnect
            case CURLE_OPERATION_TIMEDOUT: .timedOut
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
                CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CIPHER:
                .tls
            case CURLE_FILESIZE_EXCEEDED: .bodyTooLarge
            case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE, CURLE_WEIRD_SERVER_REPLY,
                CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_UNSUPPORTED_PROTOCOL:
                .brokenAnswer
            default: isTooLarge ? .bodyTooLarge : .other
            }
        let reason =
            switch kind {
            case .timedOut:
                "no complete answer within \(request.deadlineMilliseconds) ms "
                    + "(connecting: \(request.connectTimeoutMilliseconds) ms): \(detail)"
            case .bodyTooLarge: "the answer is larger than the \(request.maximumBodySize) bytes allowed"
            case .tls: "TLS failed: \(detail)"
            default: detail
            }
        return HTTPError(code: kind, curlCode: code.rawValue, reason: reason, url: display(request.url))
    }

    /// The URL as it may be shown; "a URL that cannot be parsed" where it cannot.
    static func display(_ url: String) -> String {
        guard let parts = curl_url() else { return "a URL" }
        defer { curl_url_cleanup(parts) }
        guard curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK else { return "a URL that cannot be parsed" }
        for part in [CURLUPART_QUERY, CURLUPART_FRAGMENT, CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS] {
            curl_url_set(parts, part, nil, 0)
        }
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(parts, CURLUPART_URL, &text, 0) == CURLUE_OK, let text else { return "a URL" }
        defer { curl_free(text) }
        return String(cString: text)
    }

    /// Whether this is an absolute http or https URL.
    static func isValid(_ url: String) -> Bool {
        guard !url.utf8.contains(0), let parts = curl_url() else { return false }
        defer { curl_url_cleanup(parts) }
        guard curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK else { return false }
        var scheme: UnsafeMutablePointer<CChar>?
        guard curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK, let scheme else { return false }
        defer { curl_free(scheme) }
        return ["http", "https"].contains(String(cString: scheme))
    }
}
