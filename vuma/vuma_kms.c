// SPDX-License-Identifier: GPL-2.0
/*
 * The display: one CRTC with one plane and a timer for its vertical blank, an output that
 * is always connected, CRCs, and an output that writes to memory.
 *
 * The kernel's atomic helpers decide what happens when; here is what the hardware would do.
 */
#include <linux/crc32.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <drm/clients/drm_client_setup.h>
#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_crtc.h>
#include <drm/drm_debugfs_crc.h>
#include <drm/drm_drv.h>
#include <drm/drm_edid.h>
#include <drm/drm_encoder.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem_atomic_helper.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_managed.h>
#include <drm/drm_modeset_helper_vtables.h>
#include <drm/drm_plane.h>
#include <drm/drm_print.h>
#include <drm/drm_probe_helper.h>
#include <drm/drm_vblank.h>
#include <drm/drm_writeback.h>

#include "vuma_drv.h"
#include "vuma_frame.h"
#include "vuma_kms.h"

static bool kms_wanted;
module_param_named(kms, kms_wanted, bool, 0444);
MODULE_PARM_DESC(kms, "Devices have a display (default: false)");

static bool fbdev_wanted;
module_param_named(fbdev, fbdev_wanted, bool, 0444);
MODULE_PARM_DESC(fbdev, "With kms: there is a console on the display (default: false)");

#define VUMA_KMS_MAX_SIZE	4096
#define VUMA_KMS_MAX_HZ		240

/* What a display shows; the rest of a pixel is nothing. */
#define VUMA_KMS_RGB		0x00ffffff

/**
 * struct vuma_kms - the display of a device
 */
struct vuma_kms {
	/** @plane: the only one, as large as the picture. */
	struct drm_plane plane;
	/** @crtc: the only one. */
	struct drm_crtc crtc;
	/** @encoder: for @connector. */
	struct drm_encoder encoder;
	/** @connector: where a monitor would be. */
	struct drm_connector connector;
	/** @writeback: writes what is shown to a framebuffer. */
	struct drm_writeback_connector writeback;
	/** @vblank: runs while the CRTC is on. */
	struct hrtimer vblank;
	/** @period: from a vertical blank to the next; changes while the CRTC is off. */
	ktime_t period;
	/** @wq: for @crc_work. */
	struct workqueue_struct *wq;
	/** @crc_work: computes the CRC of a picture. */
	struct work_struct crc_work;
	/** @crc: somebody reads CRCs, which only one file at a time can. */
	bool crc;
	/** @lock: guards what follows; nothing is taken inside of it. */
	struct mutex lock;
	/** @frame: what is shown, NULL for black; the state of the plane owns it. */
	const struct vuma_frame *frame;
	/** @x: first pixel of each line of @frame that is shown. */
	u32 x;
	/** @y: first line of @frame that is shown. */
	u32 y;
	/** @width: pixels of a line; changes while the CRTC is off. */
	u32 width;
	/** @height: lines of a picture; changes while the CRTC is off. */
	u32 height;
	/** @line: where a line is worked on. */
	u32 line[VUMA_KMS_MAX_SIZE];
};

/**
 * struct vuma_plane_state - state of the plane, with the memory that it needs
 */
struct vuma_plane_state {
	/** @base: state of the core. */
	struct drm_plane_state base;
	/** @frame: from prepare_fb to cleanup_fb; each state has its own. */
	struct vuma_frame *frame;
};

static struct vuma_plane_state *to_vuma_plane_state(struct drm_plane_state *state)
{
	return container_of(state, struct vuma_plane_state, base);
}

static const u32 vuma_kms_formats[] = { DRM_FORMAT_XRGB8888 };

/* Not of hardware that is gone: memory of imports has gone with it. */
static void vuma_kms_read_line(struct vuma_kms *kms, u32 y)
{
	u32 x;

	lockdep_assert_held(&kms->lock);
	if (!kms->frame) {
		memset(kms->line, 0, kms->width * VUMA_FRAME_PIXEL);
		return;
	}
	vuma_frame_read(kms->frame, kms->x, kms->y + y, kms->line, kms->width);
	for (x = 0; x < kms->width; x++)
		kms->line[x] &= VUMA_KMS_RGB;
}

/* The plane. */

static void vuma_plane_destroy_state(struct drm_plane *plane, struct drm_plane_state *state)
{
	__drm_atomic_helper_plane_destroy_state(state);
	kfree(to_vuma_plane_state(state));
}

static void vuma_plane_reset(struct drm_plane *plane)
{
	struct vuma_plane_state *state = kzalloc_obj(*state, GFP_KERNEL);

	if (plane->state)
		vuma_plane_destroy_state(plane, plane->state);
	__drm_atomic_helper_plane_reset(plane, state ? &state->base : NULL);
}

static struct drm_plane_state *vuma_plane_duplicate_state(struct drm_plane *plane)
{
	struct vuma_plane_state *state = kzalloc_obj(*state, GFP_KERNEL);

	if (!state)
		return NULL;
	__drm_atomic_helper_plane_duplicate_state(plane, &state->base);
	return &state->base;
}

static const struct drm_plane_funcs vuma_plane_funcs = {
	.update_plane = drm_atomic_helper_update_plane,
	.disable_plane = drm_atomic_helper_disable_plane,
	.destroy = drm_plane_cleanup,
	.reset = vuma_plane_reset,
	.atomic_duplicate_state = vuma_plane_duplicate_state,
	.atomic_destroy_state = vuma_plane_destroy_state,
};

static int vuma_plane_atomic_check(struct drm_plane *plane, struct drm_atomic_commit *commit)
{
	struct drm_plane_state *state = drm_atomic_get_new_plane_state(commit, plane);
	struct drm_crtc_state *crtc_state;

	if (!state->crtc)
		return 0;
	if (!vuma_frame_allowed(state->fb))
		return -EINVAL;
	crtc_state = drm_atomic_get_new_crtc_state(commit, state->crtc);
	return drm_atomic_helper_check_plane_state(state, crtc_state, DRM_PLANE_NO_SCALING,
						   DRM_PLANE_NO_SCALING, false, false);
}

static int vuma_plane_prepare_fb(struct drm_plane *plane, struct drm_plane_state *state)
{
	struct vuma_frame *frame;
	int ret, idx;

	if (!state->fb)
		return 0;
	ret = drm_gem_plane_helper_prepare_fb(plane, state);
	if (ret)
		return ret;
	/* What is pinned from here on, vuma_kms_unplug() unpins. */
	if (!drm_dev_enter(plane->dev, &idx))
		return -ENODEV;
	frame = vuma_frame_create(state->fb, DMA_TO_DEVICE);
	drm_dev_exit(idx);
	if (IS_ERR(frame))
		return PTR_ERR(frame);
	to_vuma_plane_state(state)->frame = frame;
	return 0;
}

static void vuma_plane_cleanup_fb(struct drm_plane *plane, struct drm_plane_state *state)
{
	vuma_frame_destroy(to_vuma_plane_state(state)->frame);
	to_vuma_plane_state(state)->frame = NULL;
}

static void vuma_plane_atomic_update(struct drm_plane *plane, struct drm_atomic_commit *commit)
{
	struct vuma_kms *kms = container_of(plane, struct vuma_kms, plane);
	struct drm_plane_state *state = drm_atomic_get_new_plane_state(commit, plane);

	guard(mutex)(&kms->lock);
	kms->frame = state->visible ? to_vuma_plane_state(state)->frame : NULL;
	kms->x = state->src.x1 >> 16;
	kms->y = state->src.y1 >> 16;
}

static const struct drm_plane_helper_funcs vuma_plane_helper_funcs = {
	.prepare_fb = vuma_plane_prepare_fb,
	.cleanup_fb = vuma_plane_cleanup_fb,
	.atomic_check = vuma_plane_atomic_check,
	.atomic_update = vuma_plane_atomic_update,
};

/* The CRTC. */

static u32 vuma_kms_crc(struct vuma_kms *kms)
{
	u32 y, crc = 0;

	lockdep_assert_held(&kms->lock);
	for (y = 0; y < kms->height; y++) {
		vuma_kms_read_line(kms, y);
		crc = crc32_le(crc, (u8 *)kms->line, kms->width * VUMA_FRAME_PIXEL);
	}
	return crc;
}

static void vuma_kms_crc_work(struct work_struct *work)
{
	struct vuma_kms *kms = container_of(work, struct vuma_kms, crc_work);
	u64 frame;
	u32 crc;
	int idx;

	if (!drm_dev_enter(kms->crtc.dev, &idx))
		return;
	scoped_guard(mutex, &kms->lock) {
		/* A flip that was completed at this count, or before, is seen. */
		frame = drm_crtc_vblank_count(&kms->crtc);
		crc = vuma_kms_crc(kms);
	}
	drm_dev_exit(idx);
	drm_crtc_add_crc_entry(&kms->crtc, true, frame, &crc);
}

static enum hrtimer_restart vuma_kms_vblank(struct hrtimer *timer)
{
	struct vuma_kms *kms = container_of(timer, struct vuma_kms, vblank);

	hrtimer_forward_now(timer, kms->period);
	drm_crtc_handle_vblank(&kms->crtc);
	if (READ_ONCE(kms->crc))
		queue_work(kms->wq, &kms->crc_work);
	return HRTIMER_RESTART;
}

/* The timer runs as long as the CRTC does, whether anybody counts or not. */
static int vuma_crtc_enable_vblank(struct drm_crtc *crtc)
{
	return 0;
}

static void vuma_crtc_disable_vblank(struct drm_crtc *crtc)
{
}

static const char * const vuma_crc_sources[] = { "auto" };

static const char * const *vuma_crtc_get_crc_sources(struct drm_crtc *crtc, size_t *count)
{
	*count = ARRAY_SIZE(vuma_crc_sources);
	return vuma_crc_sources;
}

static int vuma_crtc_verify_crc_source(struct drm_crtc *crtc, const char *source, size_t *count)
{
	if (source && strcmp(source, vuma_crc_sources[0]))
		return -EINVAL;
	*count = 1;
	return 0;
}

/* Frames are counted while somebody reads CRCs. */
static int vuma_crtc_set_crc_source(struct drm_crtc *crtc, const char *source)
{
	struct vuma_kms *kms = container_of(crtc, struct vuma_kms, crtc);
	size_t count;
	int ret;

	ret = vuma_crtc_verify_crc_source(crtc, source, &count);
	if (ret || kms->crc == !!source)
		return ret;
	if (source)
		ret = drm_crtc_vblank_get(crtc);
	else
		drm_crtc_vblank_put(crtc);
	if (!ret)
		WRITE_ONCE(kms->crc, source);
	return ret;
}

static const struct drm_crtc_funcs vuma_crtc_funcs = {
	.set_config = drm_atomic_helper_set_config,
	.page_flip = drm_atomic_helper_page_flip,
	.destroy = drm_crtc_cleanup,
	.reset = drm_atomic_helper_crtc_reset,
	.atomic_duplicate_state = drm_atomic_helper_crtc_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_crtc_destroy_state,
	.enable_vblank = vuma_crtc_enable_vblank,
	.disable_vblank = vuma_crtc_disable_vblank,
	.get_crc_sources = vuma_crtc_get_crc_sources,
	.verify_crc_source = vuma_crtc_verify_crc_source,
	.set_crc_source = vuma_crtc_set_crc_source,
};

/* User space can make up a mode. */
static enum drm_mode_status vuma_crtc_mode_valid(struct drm_crtc *crtc,
						 const struct drm_display_mode *mode)
{
	int hz = drm_mode_vrefresh(mode);

	if (mode->flags & (DRM_MODE_FLAG_INTERLACE | DRM_MODE_FLAG_DBLSCAN))
		return MODE_NO_INTERLACE;
	if (mode->hdisplay > VUMA_KMS_MAX_SIZE || mode->vdisplay > VUMA_KMS_MAX_SIZE)
		return MODE_VIRTUAL_X;
	if (hz < 1)
		return MODE_CLOCK_LOW;
	return hz > VUMA_KMS_MAX_HZ ? MODE_CLOCK_HIGH : MODE_OK;
}

static void vuma_crtc_atomic_enable(struct drm_crtc *crtc, struct drm_atomic_commit *commit)
{
	struct vuma_kms *kms = container_of(crtc, struct vuma_kms, crtc);
	const struct drm_display_mode *mode = &crtc->state->mode;

	scoped_guard(mutex, &kms->lock) {
		kms->width = mode->hdisplay;
		kms->height = mode->vdisplay;
	}
	kms->period = ns_to_ktime(NSEC_PER_SEC / drm_mode_vrefresh(mode));
	drm_crtc_vblank_on(crtc);
	hrtimer_start(&kms->vblank, kms->period, HRTIMER_MODE_REL);
}

static void vuma_crtc_atomic_disable(struct drm_crtc *crtc, struct drm_atomic_commit *commit)
{
	struct vuma_kms *kms = container_of(crtc, struct vuma_kms, crtc);

	drm_crtc_vblank_off(crtc);
	hrtimer_cancel(&kms->vblank);
	cancel_work_sync(&kms->crc_work);
}

/* What was committed is seen from now on: tell so at the next vertical blank, if there is one. */
static void vuma_crtc_atomic_flush(struct drm_crtc *crtc, struct drm_atomic_commit *commit)
{
	struct drm_pending_vblank_event *event = crtc->state->event;

	if (!event)
		return;
	crtc->state->event = NULL;
	spin_lock_irq(&crtc->dev->event_lock);
	if (drm_crtc_vblank_get(crtc))
		drm_crtc_send_vblank_event(crtc, event);
	else
		drm_crtc_arm_vblank_event(crtc, event);
	spin_unlock_irq(&crtc->dev->event_lock);
}

static const struct drm_crtc_helper_funcs vuma_crtc_helper_funcs = {
	.mode_valid = vuma_crtc_mode_valid,
	.atomic_enable = vuma_crtc_atomic_enable,
	.atomic_disable = vuma_crtc_atomic_disable,
	.atomic_flush = vuma_crtc_atomic_flush,
};

/* The outputs. */

static const struct drm_encoder_funcs vuma_encoder_funcs = {
	.destroy = drm_encoder_cleanup,
};

static const struct drm_connector_funcs vuma_connector_funcs = {
	.fill_modes = drm_helper_probe_single_connector_modes,
	.destroy = drm_connector_cleanup,
	.reset = drm_atomic_helper_connector_reset,
	.atomic_duplicate_state = drm_atomic_helper_connector_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_connector_destroy_state,
};

static int vuma_connector_get_modes(struct drm_connector *connector)
{
	int count = drm_add_modes_noedid(connector, VUMA_KMS_MAX_SIZE, VUMA_KMS_MAX_SIZE);

	drm_set_preferred_mode(connector, 1024, 768);
	return count;
}

static const struct drm_connector_helper_funcs vuma_connector_helper_funcs = {
	.get_modes = vuma_connector_get_modes,
};

static int vuma_writeback_atomic_check(struct drm_encoder *encoder,
				       struct drm_crtc_state *crtc_state,
				       struct drm_connector_state *conn_state)
{
	const struct drm_writeback_job *job = conn_state->writeback_job;
	const struct drm_framebuffer *fb = job ? job->fb : NULL;

	if (!fb)
		return 0;
	if (fb->width != crtc_state->mode.hdisplay || fb->height != crtc_state->mode.vdisplay ||
	    fb->format->format != DRM_FORMAT_XRGB8888 || !vuma_frame_allowed(fb))
		return -EINVAL;
	return 0;
}

static const struct drm_encoder_helper_funcs vuma_writeback_encoder_helper_funcs = {
	.atomic_check = vuma_writeback_atomic_check,
};

static int vuma_writeback_prepare_job(struct drm_writeback_connector *wb,
				      struct drm_writeback_job *job)
{
	struct vuma_frame *frame;
	int idx;

	if (!drm_dev_enter(wb->base.dev, &idx))
		return -ENODEV;
	frame = vuma_frame_create(job->fb, DMA_FROM_DEVICE);
	drm_dev_exit(idx);
	if (IS_ERR(frame))
		return PTR_ERR(frame);
	job->priv = frame;
	return 0;
}

static void vuma_writeback_cleanup_job(struct drm_writeback_connector *wb,
				       struct drm_writeback_job *job)
{
	vuma_frame_destroy(job->priv);
}

static int vuma_writeback_run(struct vuma_kms *kms, const struct vuma_frame *to)
{
	u32 y;
	int idx;

	if (!drm_dev_enter(kms->crtc.dev, &idx))
		return -ENODEV;
	scoped_guard(mutex, &kms->lock) {
		for (y = 0; y < kms->height; y++) {
			vuma_kms_read_line(kms, y);
			vuma_frame_write(to, y, kms->line, kms->width);
		}
	}
	drm_dev_exit(idx);
	return 0;
}

/* Planes come first: what is shown now is what was committed with the job. */
static void vuma_writeback_atomic_commit(struct drm_connector *connector,
					 struct drm_atomic_commit *commit)
{
	struct drm_writeback_connector *wb = drm_connector_to_writeback(connector);
	struct vuma_kms *kms = container_of(wb, struct vuma_kms, writeback);
	struct drm_connector_state *state = drm_atomic_get_new_connector_state(commit, connector);
	struct drm_writeback_job *job = state->writeback_job;
	int ret;

	ret = vuma_writeback_run(kms, job->priv);
	drm_writeback_queue_job(wb, state);
	drm_writeback_signal_completion(wb, ret);
}

static const struct drm_connector_helper_funcs vuma_writeback_helper_funcs = {
	.get_modes = vuma_connector_get_modes,
	.prepare_writeback_job = vuma_writeback_prepare_job,
	.cleanup_writeback_job = vuma_writeback_cleanup_job,
	.atomic_commit = vuma_writeback_atomic_commit,
};

/* The device. */

static void vuma_kms_commit_tail(struct drm_atomic_commit *commit)
{
	struct drm_device *drm = commit->dev;

	drm_atomic_helper_commit_modeset_disables(drm, commit);
	drm_atomic_helper_commit_planes(drm, commit, 0);
	drm_atomic_helper_commit_modeset_enables(drm, commit);
	drm_atomic_helper_fake_vblank(commit);
	drm_atomic_helper_commit_hw_done(commit);
	/* Not for vertical blanks, which would have to come within 100 ms. */
	drm_atomic_helper_wait_for_flip_done(drm, commit);
	drm_atomic_helper_cleanup_planes(drm, commit);
}

static const struct drm_mode_config_helper_funcs vuma_mode_config_helper_funcs = {
	.atomic_commit_tail = vuma_kms_commit_tail,
};

static const struct drm_mode_config_funcs vuma_mode_config_funcs = {
	.fb_create = drm_gem_fb_create,
	.atomic_check = drm_atomic_helper_check,
	.atomic_commit = drm_atomic_helper_commit,
};

static int vuma_kms_init_crtc(struct drm_device *drm, struct vuma_kms *kms)
{
	int ret;

	ret = drm_universal_plane_init(drm, &kms->plane, 1, &vuma_plane_funcs, vuma_kms_formats,
				       ARRAY_SIZE(vuma_kms_formats), NULL,
				       DRM_PLANE_TYPE_PRIMARY, NULL);
	if (ret)
		return ret;
	drm_plane_helper_add(&kms->plane, &vuma_plane_helper_funcs);
	ret = drm_crtc_init_with_planes(drm, &kms->crtc, &kms->plane, NULL, &vuma_crtc_funcs, NULL);
	if (ret)
		return ret;
	drm_crtc_helper_add(&kms->crtc, &vuma_crtc_helper_funcs);
	return drm_vblank_init(drm, 1);
}

static int vuma_kms_init_outputs(struct drm_device *drm, struct vuma_kms *kms)
{
	u32 clones;
	int ret;

	ret = drm_encoder_init(drm, &kms->encoder, &vuma_encoder_funcs, DRM_MODE_ENCODER_VIRTUAL,
			       NULL);
	if (ret)
		return ret;
	kms->encoder.possible_crtcs = drm_crtc_mask(&kms->crtc);
	ret = drm_connector_init(drm, &kms->connector, &vuma_connector_funcs,
				 DRM_MODE_CONNECTOR_VIRTUAL);
	if (ret)
		return ret;
	drm_connector_helper_add(&kms->connector, &vuma_connector_helper_funcs);
	ret = drm_connector_attach_encoder(&kms->connector, &kms->encoder);
	if (ret)
		return ret;
	drm_connector_helper_add(&kms->writeback.base, &vuma_writeback_helper_funcs);
	ret = drm_writeback_connector_init(drm, &kms->writeback, &vuma_connector_funcs,
					   &vuma_writeback_encoder_helper_funcs, vuma_kms_formats,
					   ARRAY_SIZE(vuma_kms_formats),
					   drm_crtc_mask(&kms->crtc));
	if (ret)
		return ret;
	/* Both at once: shown, and written to memory. */
	clones = drm_encoder_mask(&kms->encoder) | drm_encoder_mask(&kms->writeback.encoder);
	kms->encoder.possible_clones = clones;
	kms->writeback.encoder.possible_clones = clones;
	return 0;
}

static void vuma_kms_destroy_wq(struct drm_device *drm, void *wq)
{
	destroy_workqueue(wq);
}

static int vuma_kms_init_work(struct drm_device *drm, struct vuma_kms *kms)
{
	int ret;

	ret = drmm_mutex_init(drm, &kms->lock);
	if (ret)
		return ret;
	INIT_WORK(&kms->crc_work, vuma_kms_crc_work);
	hrtimer_setup(&kms->vblank, vuma_kms_vblank, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	kms->wq = alloc_workqueue("%s-crc", WQ_UNBOUND, 0, vuma_bo_driver_name);
	if (!kms->wq)
		return -ENOMEM;
	return drmm_add_action_or_reset(drm, vuma_kms_destroy_wq, kms->wq);
}

/**
 * vuma_kms_init - give a device its display, if there are to be any
 * @vdev: the device, not registered yet
 *
 * Return: 0 or a negative error.
 */
int vuma_kms_init(struct vuma_device *vdev)
{
	struct drm_device *drm = &vdev->drm;
	struct vuma_kms *kms;
	int ret;

	if (!drm_core_check_feature(drm, DRIVER_MODESET))
		return 0;
	kms = drmm_kzalloc(drm, sizeof(*kms), GFP_KERNEL);
	if (!kms)
		return -ENOMEM;
	ret = vuma_kms_init_work(drm, kms);
	if (ret)
		return ret;
	ret = drmm_mode_config_init(drm);
	if (ret)
		return ret;
	drm->mode_config.max_width = VUMA_KMS_MAX_SIZE;
	drm->mode_config.max_height = VUMA_KMS_MAX_SIZE;
	drm->mode_config.preferred_depth = 24;
	drm->mode_config.funcs = &vuma_mode_config_funcs;
	drm->mode_config.helper_private = &vuma_mode_config_helper_funcs;
	ret = vuma_kms_init_crtc(drm, kms);
	if (!ret)
		ret = vuma_kms_init_outputs(drm, kms);
	if (!ret)
		drm_mode_config_reset(drm);
	return ret;
}

/**
 * vuma_kms_registered - put a console on the display, if there is to be one
 * @vdev: the device, registered
 */
void vuma_kms_registered(struct vuma_device *vdev)
{
	struct drm_device *drm = &vdev->drm;

	if (fbdev_wanted && drm->driver->fbdev_probe && drm_core_check_feature(drm, DRIVER_MODESET))
		drm_client_setup(drm, NULL);
}

/**
 * vuma_kms_unplug - turn the display off, for ever
 * @vdev: the device, unplugged, whose jobs have ended: a commit may wait for one
 *
 * Context: waits for commits, and for resvs.
 */
void vuma_kms_unplug(struct vuma_device *vdev)
{
	if (drm_core_check_feature(&vdev->drm, DRIVER_MODESET))
		drm_atomic_helper_shutdown(&vdev->drm);
}

/**
 * vuma_kms_module_init - let the devices to come have displays, if they are to
 */
void vuma_kms_module_init(void)
{
	if (kms_wanted)
		vuma_driver.driver_features |= DRIVER_MODESET | DRIVER_ATOMIC;
}
