/* The element `vidstyle`: a GstVideoFilter that hands every frame to the engine and takes its painting in its place.
 *
 * Where time matters (a live pipeline, or a `deadline` that is set) a frame waits no longer than that, and goes on as the last
 * painting or as it was. Elsewhere every frame waits for its painting. The client connects with the first frame, not before:
 * gst-inspect and every registry scan make elements merely to look at them.
 */
#include "gstvidstyle.h"

#include <string.h>

#include "vidstyle_client.h"

#define FORMATS "{ I420, NV12, RGBA, BGRA, RGBx, BGRx }"
#define PATIENCE (60 * 1000)                /* ms for a frame where time does not matter: the first one waits for its style */
#define FRAME_OF_UNKNOWN_RATE (40 * GST_MSECOND)
#define SAME_CLIP (2 * GST_SECOND)          /* a gap up to this is lost frames, not another picture */

GST_DEBUG_CATEGORY_STATIC(gst_vidstyle_debug);
#define GST_CAT_DEFAULT gst_vidstyle_debug

enum { PROP_STYLE = 1, PROP_STRENGTH, PROP_TEMPORAL, PROP_KEEP_COLOR, PROP_SOCKET, PROP_START, PROP_DEADLINE };

enum { TEMPORAL_OFF, TEMPORAL_FAST };

static const GEnumValue temporal_levels[] = {
    {TEMPORAL_OFF, "Every frame is painted alone", "off"},
    {TEMPORAL_FAST, "Paintings are carried along the motion", "fast"},
    {0, NULL, NULL},
};

/* Properties and the client's pointer are guarded by the object lock; the rest belongs to the streaming thread. */
struct _GstVidstyle {
    GstVideoFilter parent;

    gchar *style, *socket;
    gdouble strength;
    gint temporal, deadline;
    gboolean keep_color, start;
    vs_client *client; /* from start to stop */
    GstClockTime frame; /* how long one lasts */

    struct vs_picture picture; /* all but the pixels, from the caps */
    gboolean live;
    guint64 number;
    GstClockTime following; /* where the next frame should begin */
};

G_DEFINE_TYPE(GstVidstyle, gst_vidstyle, GST_TYPE_VIDEO_FILTER)
GST_ELEMENT_REGISTER_DEFINE(vidstyle, "vidstyle", GST_RANK_NONE, GST_TYPE_VIDSTYLE)

static GType temporal_type(void) {
    static gsize type = 0;
    if (g_once_init_enter(&type)) g_once_init_leave(&type, g_enum_register_static("GstVidstyleTemporal", temporal_levels));
    return type;
}

/* ---- properties ---- */

/* Hand a property to the client, if there is one. Called with the object lock. */
static gboolean tell(GstVidstyle *self, guint property) {
    if (!self->client) return TRUE;
    switch (property) {
    case PROP_STYLE: return vs_set(self->client, "style", self->style ? self->style : "");
    case PROP_STRENGTH: return vs_set_number(self->client, "strength", self->strength);
    case PROP_TEMPORAL: return vs_set(self->client, "temporal", temporal_levels[self->temporal].value_nick);
    case PROP_KEEP_COLOR: return vs_set(self->client, "keep-color", self->keep_color ? "1" : "0");
    case PROP_SOCKET: return vs_set(self->client, "socket", self->socket ? self->socket : "");
    case PROP_START: return vs_set(self->client, "start", self->start ? "1" : "0");
    default: return TRUE;
    }
}

static void set_property(GObject *object, guint property, const GValue *value, GParamSpec *spec) {
    GstVidstyle *self = GST_VIDSTYLE(object);
    gboolean told, latency = FALSE;
    GST_OBJECT_LOCK(self);
    switch (property) {
    case PROP_STYLE:
        g_free(self->style);
        self->style = g_value_dup_string(value);
        break;
    case PROP_STRENGTH: self->strength = g_value_get_double(value); break;
    case PROP_TEMPORAL: self->temporal = g_value_get_enum(value); break;
    case PROP_KEEP_COLOR: self->keep_color = g_value_get_boolean(value); break;
    case PROP_SOCKET:
        g_free(self->socket);
        self->socket = g_value_dup_string(value);
        break;
    case PROP_START: self->start = g_value_get_boolean(value); break;
    case PROP_DEADLINE:
        latency = self->deadline != g_value_get_int(value);
        self->deadline = g_value_get_int(value);
        break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
    told = tell(self, property);
    GST_OBJECT_UNLOCK(self);
    if (!told) GST_ELEMENT_WARNING(self, RESOURCE, SETTINGS, ("%s cannot have that value.", spec->name), (NULL));
    if (latency) gst_element_post_message(GST_ELEMENT(self), gst_message_new_latency(GST_OBJECT(self)));
}

static void get_property(GObject *object, guint property, GValue *value, GParamSpec *spec) {
    GstVidstyle *self = GST_VIDSTYLE(object);
    GST_OBJECT_LOCK(self);
    switch (property) {
    case PROP_STYLE: g_value_set_string(value, self->style); break;
    case PROP_STRENGTH: g_value_set_double(value, self->strength); break;
    case PROP_TEMPORAL: g_value_set_enum(value, self->temporal); break;
    case PROP_KEEP_COLOR: g_value_set_boolean(value, self->keep_color); break;
    case PROP_SOCKET: g_value_set_string(value, self->socket); break;
    case PROP_START: g_value_set_boolean(value, self->start); break;
    case PROP_DEADLINE: g_value_set_int(value, self->deadline); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, property, spec);
    }
    GST_OBJECT_UNLOCK(self);
}

/* ---- the client ---- */

static void say(void *user, enum vs_level level, const char *line) {
    if (level == VS_WARNING)
        GST_ELEMENT_WARNING(user, RESOURCE, FAILED, ("%s", line), (NULL));
    else
        GST_INFO_OBJECT(user, "%s", line);
}

static gboolean start(GstBaseTransform *base) {
    GstVidstyle *self = GST_VIDSTYLE(base);
    vs_client *client = vs_create("GStreamer", say, self);
    if (!client) {
        GST_ELEMENT_ERROR(self, RESOURCE, NO_SPACE_LEFT, ("There is no memory."), (NULL));
        return FALSE;
    }
    GST_OBJECT_LOCK(self);
    self->client = client;
    gboolean told = TRUE;
    for (guint property = PROP_STYLE; property <= PROP_START; property++) told &= tell(self, property);
    GST_OBJECT_UNLOCK(self);
    if (!told) GST_ELEMENT_WARNING(self, RESOURCE, SETTINGS, ("A property has an impossible value."), (NULL));
    self->number = 0;
    self->following = GST_CLOCK_TIME_NONE;
    return TRUE;
}

static gboolean stop(GstBaseTransform *base) {
    GstVidstyle *self = GST_VIDSTYLE(base);
    GST_OBJECT_LOCK(self);
    vs_client *client = self->client;
    self->client = NULL;
    GST_OBJECT_UNLOCK(self);
    vs_destroy(client);
    return TRUE;
}

/* The streaming thread must not wait for the engine while others wait for it. */
static void hurry(GstVidstyle *self, gboolean on) {
    GST_OBJECT_LOCK(self);
    if (self->client) vs_hurry(self->client, on);
    GST_OBJECT_UNLOCK(self);
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange change) {
    if (change == GST_STATE_CHANGE_PAUSED_TO_READY) hurry(GST_VIDSTYLE(element), TRUE);
    return GST_ELEMENT_CLASS(gst_vidstyle_parent_class)->change_state(element, change);
}

/* ---- caps ---- */

static enum vs_format format_of(const GstVideoInfo *info) {
    switch (GST_VIDEO_INFO_FORMAT(info)) {
    case GST_VIDEO_FORMAT_I420: return VS_I420;
    case GST_VIDEO_FORMAT_NV12: return VS_NV12;
    case GST_VIDEO_FORMAT_BGRA:
    case GST_VIDEO_FORMAT_BGRx: return VS_BGRA;
    default: return VS_RGBA;
    }
}

/* GStreamer tags what is not tagged. What is rare is taken as vidstyle takes it: by the number of lines. */
static enum vs_matrix matrix_of(const GstVideoInfo *info) {
    switch (info->colorimetry.matrix) {
    case GST_VIDEO_COLOR_MATRIX_BT601:
    case GST_VIDEO_COLOR_MATRIX_FCC: return VS_BT601;
    case GST_VIDEO_COLOR_MATRIX_BT709: return VS_BT709;
    case GST_VIDEO_COLOR_MATRIX_BT2020: return VS_BT2020;
    default: return GST_VIDEO_INFO_HEIGHT(info) < 720 ? VS_BT601 : VS_BT709;
    }
}

static gboolean set_info(GstVideoFilter *filter, GstCaps *in_caps, GstVideoInfo *in, GstCaps *out_caps, GstVideoInfo *out) {
    (void)in_caps, (void)out_caps, (void)out;
    GstVidstyle *self = GST_VIDSTYLE(filter);
    self->picture = (struct vs_picture){
        .width = GST_VIDEO_INFO_WIDTH(in), .height = GST_VIDEO_INFO_HEIGHT(in), .format = format_of(in)};
    if (GST_VIDEO_INFO_IS_YUV(in)) {
        self->picture.matrix = matrix_of(in);
        self->picture.range = in->colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255 ? VS_FULL : VS_LIMITED;
    }
    GstClockTime frame = FRAME_OF_UNKNOWN_RATE;
    if (GST_VIDEO_INFO_FPS_N(in) > 0)
        frame = gst_util_uint64_scale_int(GST_SECOND, GST_VIDEO_INFO_FPS_D(in), GST_VIDEO_INFO_FPS_N(in));
    GST_OBJECT_LOCK(self);
    gboolean latency = frame != self->frame && self->deadline < 0;
    self->frame = frame;
    GST_OBJECT_UNLOCK(self);
    /* Pipelines ask for the latency when they begin to play, before a live source has told its caps. */
    if (latency) gst_element_post_message(GST_ELEMENT(self), gst_message_new_latency(GST_OBJECT(self)));
    return TRUE;
}

/* ---- time ---- */

/* How long a frame may wait, in milliseconds; -1: for its painting. */
static gint patience(GstVidstyle *self, gboolean live) {
    GST_OBJECT_LOCK(self);
    gint deadline = self->deadline;
    GstClockTime frame = self->frame;
    GST_OBJECT_UNLOCK(self);
    if (deadline >= 0 || !live) return deadline;
    return CLAMP(frame / GST_MSECOND, 1, 1000);
}

/* A live pipeline is told that frames come later by what they may wait. */
static gboolean query(GstBaseTransform *base, GstPadDirection direction, GstQuery *query) {
    if (!GST_BASE_TRANSFORM_CLASS(gst_vidstyle_parent_class)->query(base, direction, query)) return FALSE;
    if (direction == GST_PAD_SRC && GST_QUERY_TYPE(query) == GST_QUERY_LATENCY) {
        gboolean live;
        GstClockTime min, max;
        gst_query_parse_latency(query, &live, &min, &max);
        gint wait = patience(GST_VIDSTYLE(base), live);
        if (live && wait > 0) {
            min += wait * GST_MSECOND;
            if (GST_CLOCK_TIME_IS_VALID(max)) max += wait * GST_MSECOND;
            gst_query_set_latency(query, live, min, max);
        }
    }
    return TRUE;
}

static gboolean ask_whether_live(GstVidstyle *self) {
    gboolean live = FALSE;
    GstQuery *query = gst_query_new_latency();
    if (gst_pad_peer_query(GST_BASE_TRANSFORM_SINK_PAD(self), query)) gst_query_parse_latency(query, &live, NULL, NULL);
    gst_query_unref(query);
    return live;
}

static gboolean sink_event(GstBaseTransform *base, GstEvent *event) {
    GstVidstyle *self = GST_VIDSTYLE(base);
    switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_FLUSH_START: hurry(self, TRUE); break;
    case GST_EVENT_FLUSH_STOP: hurry(self, FALSE); /* fall through */
    case GST_EVENT_SEGMENT:
    case GST_EVENT_STREAM_START:
        vs_reset(self->client);
        self->following = GST_CLOCK_TIME_NONE;
        break;
    default: break;
    }
    return GST_BASE_TRANSFORM_CLASS(gst_vidstyle_parent_class)->sink_event(base, event);
}

/* ---- frames ---- */

static void before_transform(GstBaseTransform *base, GstBuffer *buffer) {
    GstVidstyle *self = GST_VIDSTYLE(base);
    GstClockTime begin = GST_BUFFER_PTS(buffer);
    GstClockTime time = gst_segment_to_stream_time(&base->segment, GST_FORMAT_TIME, begin);
    if (GST_CLOCK_TIME_IS_VALID(time)) gst_object_sync_values(GST_OBJECT(self), time);

    /* Sources that lost a frame mark a discontinuity too, but the clip goes on. */
    if (GST_BUFFER_IS_DISCONT(buffer) && GST_CLOCK_TIME_IS_VALID(self->following) && GST_CLOCK_TIME_IS_VALID(begin) &&
        ABS(GST_CLOCK_DIFF(self->following, begin)) > (GstClockTimeDiff)SAME_CLIP)
        vs_reset(self->client);
    self->following = begin;
    if (GST_CLOCK_TIME_IS_VALID(begin) && GST_BUFFER_DURATION_IS_VALID(buffer))
        self->following += GST_BUFFER_DURATION(buffer);

    GST_OBJECT_LOCK(self);
    gboolean idle = !self->style || !*self->style;
    GST_OBJECT_UNLOCK(self);
    if (!idle && self->number == 0) self->live = ask_whether_live(self);
    gst_base_transform_set_passthrough(base, idle);
}

static GstFlowReturn transform_frame_ip(GstVideoFilter *filter, GstVideoFrame *frame) {
    GstVidstyle *self = GST_VIDSTYLE(filter);
    struct vs_picture picture = self->picture;
    for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES(frame); plane++) {
        picture.plane[plane] = GST_VIDEO_FRAME_PLANE_DATA(frame, plane);
        picture.stride[plane] = GST_VIDEO_FRAME_PLANE_STRIDE(frame, plane);
    }
    gint wait = patience(self, self->live);
    vs_process(self->client, &picture, &picture, self->number++, wait < 0 ? PATIENCE : wait);
    return GST_FLOW_OK;
}

/* ---- the element ---- */

static void finalize(GObject *object) {
    GstVidstyle *self = GST_VIDSTYLE(object);
    g_free(self->style);
    g_free(self->socket);
    G_OBJECT_CLASS(gst_vidstyle_parent_class)->finalize(object);
}

static void gst_vidstyle_init(GstVidstyle *self) {
    self->strength = 1;
    self->temporal = TEMPORAL_FAST;
    self->deadline = -1;
    self->frame = FRAME_OF_UNKNOWN_RATE;
}

static void install_properties(GObjectClass *class) {
    const GParamFlags plain = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;
    const GParamFlags fixed = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;
    g_object_class_install_property(
        class, PROP_STYLE,
        g_param_spec_string("style", "Style",
                            "A built-in style's name or a picture's path; several joined by tabs, each with :WEIGHT", NULL, plain));
    g_object_class_install_property(
        class, PROP_STRENGTH,
        g_param_spec_double("strength", "Strength", "How strongly the style acts", 0, 1, 1, plain | GST_PARAM_CONTROLLABLE));
    g_object_class_install_property(
        class, PROP_TEMPORAL,
        g_param_spec_enum("temporal", "Temporal", "How steady paintings are in time", temporal_type(), TEMPORAL_FAST, plain));
    g_object_class_install_property(
        class, PROP_KEEP_COLOR, g_param_spec_boolean("keep-color", "Keep color", "Keep the colors of the video", FALSE, plain));
    g_object_class_install_property(
        class, PROP_SOCKET, g_param_spec_string("socket", "Socket", "The engine's socket, if it is not the user's own", NULL, fixed));
    g_object_class_install_property(
        class, PROP_START, g_param_spec_boolean("start", "Start", "Start an engine where none runs", FALSE, fixed));
    g_object_class_install_property(
        class, PROP_DEADLINE,
        g_param_spec_int("deadline", "Deadline",
                         "Milliseconds that a frame may wait; -1: a frame's duration in live pipelines, for its painting in others",
                         -1, 60000, -1, plain));
}

static void gst_vidstyle_class_init(GstVidstyleClass *class) {
    GObjectClass *object = G_OBJECT_CLASS(class);
    GstElementClass *element = GST_ELEMENT_CLASS(class);
    GstBaseTransformClass *base = GST_BASE_TRANSFORM_CLASS(class);
    GstVideoFilterClass *filter = GST_VIDEO_FILTER_CLASS(class);
    GstCaps *caps = gst_caps_from_string(GST_VIDEO_CAPS_MAKE(FORMATS));

    GST_DEBUG_CATEGORY_INIT(gst_vidstyle_debug, "vidstyle", 0, "video style transfer");
    object->set_property = set_property;
    object->get_property = get_property;
    object->finalize = finalize;
    install_properties(object);

    gst_element_class_set_static_metadata(element, "Style transfer", "Filter/Effect/Video",
                                          "Paints video in the style of a picture, by vidstyle's engine", "vidstyle");
    gst_element_class_add_pad_template(element, gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, caps));
    gst_element_class_add_pad_template(element, gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps));
    gst_caps_unref(caps);
    gst_type_mark_as_plugin_api(temporal_type(), 0);

    element->change_state = change_state;
    base->start = start;
    base->stop = stop;
    base->query = query;
    base->sink_event = sink_event;
    base->before_transform = before_transform;
    base->transform_ip_on_passthrough = FALSE;
    filter->set_info = set_info;
    filter->transform_frame_ip = transform_frame_ip;
}

static gboolean plugin_init(GstPlugin *plugin) { return GST_ELEMENT_REGISTER(vidstyle, plugin); }

#ifndef PACKAGE
#define PACKAGE "vidstyle"
#endif
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, vidstyle, "Video style transfer", plugin_init, "0.1.0", "Apache 2.0",
                  PACKAGE, "vidstyle")
