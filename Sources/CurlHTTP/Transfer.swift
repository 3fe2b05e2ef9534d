import CCurl
import Synchronization

/// One request as a libcurl handle with what its callbacks write to.
///
/// Built by one task, then handed to the driver's thread, which alone uses it but for the atomic.
final class Transfer: @unchecked Sendable {  // why: one thread at a time uses it, as above
    let handle: UnsafeMutableRawPointer
    let request: HTTPRequest
    /// Set by any thread, seen by the driver's at its next turn.
    let isCancelled = Atomic(false)
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var headers: [HTTPHeader] = []
    private var headerSize = 0
    private let body = HTTPBody()
    private(set) var isTooLarge = false
    /// libcurl writes its explanation here; it must stay in place as long as the handle.
    private let errorText: UnsafeMutablePointer<CChar>

    private static let maximumHeaderSize = 64 << 10

    init(_ request: HTTPRequest, _ settings: HTTPClient.Settings) throws(HTTPError) {
        func refusal(_ reason: String) -> HTTPError {
            HTTPError(code: .invalidRequest, curlCode: 0, reason: reason, url: Curl.display(request.url))
        }
        guard Curl.isValid(request.url) else { throw refusal("not an absolute http or https URL") }
        var fields = request.headers + request.secretHeaders.map { HTTPHeader($0.name, $0.value.text) }
        switch request.authentication {
        case .bearer(let token): fields.append(HTTPHeader("Authorization", "Bearer \(token.text)"))
        case .header(let name, let value): fields.append(HTTPHeader(name, value.text))
        case .sigV4(_, _, .some(let token), _, _): fields.append(HTTPHeader("X-Amz-Security-Token", token.text))
        case .none, .basic, .digest, .sigV4, .clientCertificate: break
        }
        if let bad = fields.first(where: { !$0.isValid }) {
            throw refusal("the header \(bad.name.debugDescription) has characters that no header may have")
        }
        guard let handle = curl_easy_init() else { throw refusal("libcurl is out of memory") }
        self.handle = handle
        self.request = request
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        // curl would otherwise wait for "100 Continue" before a body beyond 1 MiB. SigV4 would sign the header that is
        // not sent; what is signed is small.
        if case .sigV4 = request.authentication {} else { fields.append(HTTPHeader("Expect", "")) }
        for field in fields {
            // An empty value takes a header out; "name;" is libcurl's way to send one without a value.
            let line =
                field.value.isEmpty && field.name != "Expect" ? "\(field.name);" : "\(field.name): \(field.value)"
            guard let longer = curl_slist_append(headerList, line) else { throw refusal("libcurl is out of memory") }
            headerList = longer
        }
        let failure = configure(settings)
        if failure != CURLE_OK {
            throw HTTPError(
                code: .invalidRequest, curlCode: failure.rawValue,
                reason: String(cString: curl_easy_strerror(failure)), url: Curl.display(request.url))
        }
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headerList)
        errorText.deallocate()
    }

    private func configure(_ settings: HTTPClient.Settings) -> CURLcode {
        var failure = CURLE_OK
        func note(_ code: CURLcode) { if failure == CURLE_OK { failure = code } }
        func set(_ option: CURLoption, _ value: Int) { note(sluice_curl_set_long(handle, option, value)) }
        func set(_ option: CURLoption, _ value: String) { note(sluice_curl_set_string(handle, option, value)) }
        func set(_ option: CURLoption, pointer: UnsafeMutableRawPointer?) {
            note(sluice_curl_set_pointer(handle, option, pointer))
        }

        if case .sigV4 = request.authentication {
            set(CURLOPT_URL, CanonicalQuery.applied(to: request.url))
        } else {
            set(CURLOPT_URL, request.url)
        }
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_PROXY, settings.proxy ?? "")
        set(CURLOPT_USERAGENT, settings.userAgent)
        set(CURLOPT_TIMEOUT_MS, Int(request.deadlineMilliseconds))
        set(CURLOPT_CONNECTTIMEOUT_MS, Int(request.connectTimeoutMilliseconds))
        note(sluice_curl_set_offset(handle, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(request.maximumBodySize)))
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        note(sluice_curl_set_cleansing(handle))
        if let file = request.certificateAuthorityFile ?? settings.certificateAuthorityFile {
            set(CURLOPT_CAINFO, file)
            note(sluice_curl_set_string(handle, CURLOPT_CAPATH, nil))
        }
        set(CURLOPT_ERRORBUFFER, pointer: errorText)
        set(CURLOPT_HTTPHEADER, pointer: headerList)

        switch request.method {
        case .get: set(CURLOPT_HTTPGET, 1)
        case .head: set(CURLOPT_NOBODY, 1)
        case .post, .put:
            set(CURLOPT_POST, 1)
            note(sluice_curl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count)))
            // A copy is libcurl's own, so that no Swift array has to stay in place.
            request.body.withUnsafeBytes {
                set(CURLOPT_COPYPOSTFIELDS, pointer: UnsafeMutableRawPointer(mutating: $0.baseAddress))
            }
            if request.body.isEmpty { set(CURLOPT_POSTFIELDS, "") }
            if request.method == .put { set(CURLOPT_CUSTOMREQUEST, "PUT") }
        }

        switch request.authentication {
        case .none, .bearer, .header: break
        case .basic(let user, let password):
            set(CURLOPT_HTTPAUTH, sluice_curl_auth_basic)
            set(CURLOPT_USERNAME, user)
            set(CURLOPT_PASSWORD, password.text)
        case .digest(let user, let password):
            set(CURLOPT_HTTPAUTH, sluice_curl_auth_digest)
            set(CURLOPT_USERNAME, user)
            set(CURLOPT_PASSWORD, password.text)
        case .sigV4(let accessKey, let secretKey, _, let region, let service):
            set(CURLOPT_AWS_SIGV4, "aws:amz:\(region):\(service)")
            set(CURLOPT_USERNAME, accessKey)
            set(CURLOPT_PASSWORD, secretKey.text)
        case .clientCertificate(let certificateFile, let keyFile):
            set(CURLOPT_SSLCERT, certificateFile)
            set(CURLOPT_SSLKEY, keyFile)
        }

        let context = Unmanaged.passUnretained(self).toOpaque()
        set(CURLOPT_WRITEDATA, pointer: context)
        set(CURLOPT_HEADERDATA, pointer: context)
        note(
            sluice_curl_set_receive(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.receive(body: UnsafeRawBufferPointer(start: bytes, count: size * count))
            })
        note(
            sluice_curl_set_receive(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
                return transfer.receive(header: UnsafeRawBufferPointer(start: bytes, count: size * count))
            })
        return failure
    }

    /// Any other count than the one given ends the transfer.
    private func receive(body bytes: UnsafeRawBufferPointer) -> Int {
        guard bytes.count <= request.maximumBodySize - body.count else {
            isTooLarge = true
            return 0
        }
        body.append(bytes)
        return bytes.count
    }

    private func receive(header bytes: UnsafeRawBufferPointer) -> Int {
        headerSize += bytes.count
        guard headerSize <= Self.maximumHeaderSize else {
            isTooLarge = true
            return 0
        }
        let line = String(decoding: bytes, as: UTF8.self).trimmed
        if line.hasPrefix("HTTP/") {
            // Another head: after an interim answer, or the second of two round trips.
            headers = []
            body.removeAll()
        } else if let colon = line.firstIndex(of: ":") {
            headers.append(
                HTTPHeader(String(line[..<colon]), String(line[line.index(after: colon)...]).trimmed))
        }
        return bytes.count
    }

    /// What has come, once libcurl says that the transfer is over.
    func result(_ code: CURLcode) -> Result<HTTPResponse, HTTPError> {
        guard code == CURLE_OK else {
            let detail = String(cString: errorText)
            return .failure(
                Curl.error(
                    code, detail: detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail,
                    request: request, isTooLarge: isTooLarge))
        }
        var status = 0
        _ = sluice_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return .success(HTTPResponse(status: status, headers: headers, content: body))
    }
}

extension String {
    /// Without white space and line ends around it.
    fileprivate var trimmed: String {
        let space: Set<UInt8> = [9, 10, 13, 32]
        let start = utf8.firstIndex { !space.contains($0) } ?? endIndex
        let end = utf8.lastIndex { !space.contains($0) }.map { utf8.index(after: $0) } ?? start
        return String(self[start..<end])
    }
}
