// OpenCV behind plain C: nothing throws across this boundary.
//
// Every function that can fail returns false and writes one sentence into its `ocv_error`.
// A handle is used by one thread at a time. Pixels are row-major, 8 bits a channel, BGR or grey.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    /// A `cv::Error` code, negative; -2 (StsError) for what is no `cv::Exception`.
    int32_t code;
    /// NUL-terminated UTF-8, cut to fit.
    char message[512];
} ocv_error;

typedef struct ocv_image ocv_image;
typedef struct ocv_bytes ocv_bytes;
typedef struct ocv_video ocv_video;
typedef struct ocv_cascade ocv_cascade;
typedef struct ocv_hog ocv_hog;
typedef struct ocv_yunet ocv_yunet;

/// Keeps OpenCV and FFmpeg from writing to stderr and makes OpenCV run on `threads` threads.
/// To be called before other threads start (it sets environment variables); repeating is harmless.
void ocv_prepare(int32_t threads);

/// The version of the library at run time, such as "4.6.0".
const char *ocv_version(void);

// Images.

bool ocv_image_create(int32_t width, int32_t height, int32_t channels, const uint8_t *pixels,
                      ocv_image **image, ocv_error *error);
bool ocv_image_decode(const uint8_t *bytes, size_t count, ocv_image **image, ocv_error *error);
void ocv_image_free(ocv_image *image);
int32_t ocv_image_width(const ocv_image *image);
int32_t ocv_image_height(const ocv_image *image);
int32_t ocv_image_channels(const ocv_image *image);
/// Copies the pixels, packed, into `pixels`: height x width x channels bytes.
void ocv_image_copy_pixels(const ocv_image *image, uint8_t *pixels);
bool ocv_image_resize(const ocv_image *image, int32_t width, int32_t height, ocv_image **resized,
                      ocv_error *error);
/// `orientation` is EXIF's 1 to 8; the result is upright.
bool ocv_image_orient(const ocv_image *image, int32_t orientation, ocv_image **upright,
                      ocv_error *error);
bool ocv_image_grey(const ocv_image *image, bool equalized, ocv_image **grey, ocv_error *error);
/// The standard deviation, in grey levels, of the part of the image inside the box, shrunk to 8 x 8;
/// 0 when the box lies outside.
bool ocv_image_contrast(const ocv_image *image, int32_t x, int32_t y, int32_t width, int32_t height,
                        double *contrast, ocv_error *error);
bool ocv_image_encode(const ocv_image *image, const char *extension, int32_t quality,
                      ocv_bytes **bytes, ocv_error *error);
/// `thickness` in pixels; negative fills. Colours are 0xRRGGBB.
bool ocv_image_draw_rectangle(ocv_image *image, int32_t x, int32_t y, int32_t width, int32_t height,
                              uint32_t colour, int32_t thickness, ocv_error *error);
/// `x` and `y` are the left end of the baseline; `scale` 1 is about 22 pixels high.
bool ocv_image_draw_text(ocv_image *image, const char *text, int32_t x, int32_t y, double scale,
                         uint32_t colour, int32_t thickness, ocv_error *error);

const uint8_t *ocv_bytes_data(const ocv_bytes *bytes);
size_t ocv_bytes_count(const ocv_bytes *bytes);
void ocv_bytes_free(ocv_bytes *bytes);

// Video.

/// Opens a file or URL with FFmpeg, or with any of OpenCV's backends when `any_backend` is set.
bool ocv_video_open(const char *path, bool any_backend, ocv_video **video, ocv_error *error);
bool ocv_video_open_device(int32_t index, ocv_video **video, ocv_error *error);
void ocv_video_free(ocv_video *video);
/// 0 when unknown.
double ocv_video_frames_per_second(const ocv_video *video);
/// 0 or less when unknown.
double ocv_video_frame_count(const ocv_video *video);
/// On success `*image` is the next frame, or NULL at the end.
bool ocv_video_read(ocv_video *video, ocv_image **image, ocv_error *error);

// Detectors.

typedef struct {
    float x, y, width, height;
    /// As the detector has it: a cascade's neighbour count, a HOG's margin, YuNet's 0 to 1.
    float score;
    /// Five points x, y (YuNet: right eye, left eye, nose, right and left mouth corner), else zeros.
    float landmarks[10];
} ocv_detection;

bool ocv_cascade_load(const char *path, ocv_cascade **cascade, ocv_error *error);
void ocv_cascade_free(ocv_cascade *cascade);
/// Writes at most `capacity` detections; `image` is grey.
bool ocv_cascade_detect(ocv_cascade *cascade, const ocv_image *image, double scale_step,
                        int32_t neighbours, int32_t minimum_side, ocv_detection *detections,
                        int32_t capacity, int32_t *count, ocv_error *error);

bool ocv_hog_create(ocv_hog **hog, ocv_error *error);
void ocv_hog_free(ocv_hog *hog);
/// Every window above `threshold`, ungrouped. `border` pixels are added above and below the image by
/// repeating its edge.
bool ocv_hog_detect(ocv_hog *hog, const ocv_image *image, double threshold, int32_t stride,
                    int32_t padding, int32_t border, double scale_step, ocv_detection *detections,
                    int32_t capacity, int32_t *count, ocv_error *error);

bool ocv_yunet_load(const char *path, float score, float overlap, ocv_yunet **yunet,
                    ocv_error *error);
void ocv_yunet_free(ocv_yunet *yunet);
bool ocv_yunet_detect(ocv_yunet *yunet, const ocv_image *image, ocv_detection *detections,
                      int32_t capacity, int32_t *count, ocv_error *error);

#ifdef __cplusplus
}
#endif
