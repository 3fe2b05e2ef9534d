#ifndef SLUICE_CXML2_SHIM_H
#define SLUICE_CXML2_SHIM_H

// Debian's libxml2 would include ICU's headers here, which clash with those inside Foundation. Only the character
// encoding handlers, which Swift code has no use for, look different without them.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

// Enumerators of a C enum that is used as a set of bits: never from the network, no text on stderr, CDATA as text, and
// no conversion to another encoding, whose failures libxml2 would write to stderr all the same.
static const int sluice_xml_options =
    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA | XML_PARSE_IGNORE_ENC;

// Documents hold keys, and libxml2 copies their text several times: whatever it lets go of is zeroed first.
static inline void sluice_xml_free(void *memory) {
    if (memory == NULL) return;
    explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}
static inline void *sluice_xml_realloc(void *memory, size_t size) {
    if (memory == NULL) return malloc(size);
    size_t old = malloc_usable_size(memory);
    if (size <= old && size > 0) return memory;
    void *larger = malloc(size);
    if (larger == NULL) return NULL;
    memcpy(larger, memory, old < size ? old : size);
    sluice_xml_free(memory);
    return larger;
}

// To be called before anything else of libxml2, once by each of our modules that has it. 0 for success.
static inline int sluice_xml_initialise(void) {
    int result = xmlMemSetup(sluice_xml_free, malloc, sluice_xml_realloc, strdup);
    xmlInitParser();
    return result;
}

#endif
