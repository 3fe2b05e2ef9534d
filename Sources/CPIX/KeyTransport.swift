import CommonEncryption
package import OpenSSLCrypto

/// Keys encrypted in transit: for the recipients that the request's `DeliveryDataList` names. CPIX 2.4, clause 5.3;
/// SPEKE 2.0, "Content key encryption".
extension CPIXDocument {
    private static let macKeySize = 64

    /// Encrypts every key for every recipient of `deliveryData`, and takes the plain ones out: a provider's last step.
    ///
    /// The document key and the MAC key are drawn anew for each call. Throws `.encryption` where there is no
    /// recipient, or one without a usable certificate (RSA, 2048 bits or more); the document is then unchanged.
    package mutating func encryptKeys() throws(CPIXError) {
        guard !deliveryData.isEmpty else { throw CPIXError(.encryption, "the document names no recipient") }
        var answer = self
        do throws(OpenSSLError) {
            let documentKey = try Self.randomSecret(AES256CBC.keySize)
            let macKey = try Self.randomSecret(Self.macKeySize)
            for index in deliveryData.indices {
                let certificate = try X509Certificate(der: deliveryData[index].certificate ?? [])
                answer.deliveryData[index].documentKeyAlgorithm = EncryptedValue.aes256CBC
                answer.deliveryData[index].documentKey = EncryptedValue(
                    algorithm: EncryptedValue.rsaOAEP, cipherValue: try certificate.sealedOAEP(documentKey.span))
                answer.deliveryData[index].macAlgorithm = EncryptedValue.hmacSHA512
                answer.deliveryData[index].macKey = EncryptedValue(
                    algorithm: EncryptedValue.rsaOAEP, cipherValue: try certificate.sealedOAEP(macKey.span))
            }
            for index in contentKeys.indices {
                guard let key = contentKeys[index].key else { continue }
                let cipher = try AES256CBC.sealed(
                    key.bytes, key: documentKey.span, iv: try randomBytes(AES256CBC.blockSize))
                answer.contentKeys[index].encrypted = EncryptedValue(
                    algorithm: EncryptedValue.aes256CBC, cipherValue: cipher,
                    valueMAC: hmacSHA512(cipher.span, key: macKey.span))
                answer.contentKeys[index].key = nil
            }
        } catch {
            throw CPIXError(.encryption, "the keys cannot be encrypted for the certificate given: \(error)")
        }
        self = answer
    }

    /// Opens every encrypted key, after the MAC of each was found right: a recipient's first step.
    ///
    /// Throws `.encryption` where a key comes in the clear, lacks its MAC or does not open; the document is then
    /// unchanged.
    ///
    /// - Parameter certificate: the recipient's, DER: picks one of several recipients.
    package mutating func decryptKeys(
        with privateKey: borrowing RSAPrivateKey, certificate: [UInt8]? = nil
    ) throws(CPIXError) {
        let delivery = deliveryData.first { $0.certificate == certificate && certificate != nil } ?? deliveryData.first
        guard let delivery, let macValue = delivery.macKey, let keyValue = delivery.documentKey else {
            throw CPIXError(.encryption, "the document has no DocumentKey and MACMethod for us")
        }
        try Self.expect(EncryptedValue.hmacSHA512, delivery.macAlgorithm, "MACMethod@Algorithm")
        let macKey = try Self.open(macValue, privateKey, size: Self.macKeySize, "the MACMethod's key")
        for element in contentKeys {
            guard let value = element.encrypted else {
                if element.key == nil { continue }
                throw CPIXError(.encryption, "the key of KID \(element.keyID) came in the clear")
            }
            guard element.key == nil else {
                throw CPIXError(.encryption, "the key of KID \(element.keyID) came encrypted and in the clear")
            }
            guard let mac = value.valueMAC else {
                throw CPIXError(.encryption, "the key of KID \(element.keyID) has no ValueMAC")
            }
            guard constantTimeEqual(mac, hmacSHA512(value.cipherValue.span, key: macKey.span)) else {
                throw CPIXError(.encryption, "the ValueMAC of KID \(element.keyID) is wrong")
            }
        }
        try Self.expect(EncryptedValue.aes256CBC, delivery.documentKeyAlgorithm, "DocumentKey@Algorithm")
        let documentKey = try Self.open(keyValue, privateKey, size: AES256CBC.keySize, "the DocumentKey")
        var keys: [ContentKey?] = []
        for element in contentKeys {
            guard let value = element.encrypted else {
                keys.append(nil)
                continue
            }
            try Self.expect(EncryptedValue.aes256CBC, value.algorithm, "the algorithm of KID \(element.keyID)")
            guard let bytes = try? AES256CBC.opened(value.cipherValue.span, key: documentKey.span),
                let key = ContentKey(copying: bytes.span)
            else { throw CPIXError(.encryption, "the key of KID \(element.keyID) does not open to 16 bytes") }
            keys.append(key)
        }
        for (index, key) in keys.enumerated() { contentKeys[index].key = key }
    }

    private static func open(
        _ value: EncryptedValue, _ privateKey: borrowing RSAPrivateKey, size: Int, _ subject: String
    ) throws(CPIXError) -> SecretBytes {
        try expect(EncryptedValue.rsaOAEP, value.algorithm, "the algorithm of \(subject)")
        do throws(OpenSSLError) {
            let secret = try privateKey.openedOAEP(value.cipherValue.span)
            if secret.count == size { return secret }
        } catch {
            throw CPIXError(.encryption, "\(subject) is not encrypted for our certificate, or broken")
        }
        throw CPIXError(.encryption, "\(subject) does not have \(size) bytes")
    }

    /// What is not said is taken for the one algorithm that SPEKE has.
    private static func expect(_ algorithm: String, _ found: String?, _ subject: String) throws(CPIXError) {
        guard let found, found != algorithm else { return }
        throw CPIXError(.encryption, "\(subject) is not \(algorithm)")
    }

    private static func randomSecret(_ count: Int) throws(OpenSSLError) -> SecretBytes {
        var bytes = try randomBytes(count)
        defer { cleanse(&bytes) }
        return SecretBytes(copying: bytes.span)
    }
}
