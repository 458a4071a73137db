# frozen_string_literal: true

module LogStash
  # An event, with the methods that Logstash gives it. Remembers which of its fields were changed.
  class Event
    METADATA = "@metadata"
    TIMESTAMP = "@timestamp"
    TAGS = "tags"
    SPECIAL = [TIMESTAMP, METADATA, TAGS].freeze
    MAX_PADDING = 1000
    REFERENCE = /\A(?:\[[^\[\]]+\])+\z/.freeze

    PATHS = Hash.new do |paths, text|
      paths.clear if paths.size > 4096
      paths[text.dup.freeze] = path(text)
    end

    class << self
      # The host's way to fill in `%{…}`: called with the text and the event.
      attr_accessor :renderer

      # The names in `@metadata` that no code sees.
      attr_accessor :internal

      def path(text)
        raise TypeError, "wrong argument type #{text.class} (expected String)" unless text.is_a?(String)
        return text[1..-2].split("][").freeze if REFERENCE.match?(text)
        raise "Invalid FieldReference: `#{text}`" if text.match?(/[\[\]]/)

        [text].freeze
      end

      def received(fields, deep)
        metadata = fields.delete(METADATA) || {}
        if deep
          fields.transform_values! { |value| Values.received(value, true) }
          metadata.transform_values! { |value| Values.received(value, true) }
        elsif fields.key?(TIMESTAMP)
          fields[TIMESTAMP] = Values.received(fields[TIMESTAMP], false)
        end
        allocate.fill(fields, metadata)
      end
    end

    def initialize(fields = {})
      fields = Values.stored(fields)
      metadata = fields.delete(METADATA) || {}
      fields[TIMESTAMP] = Timestamp.coerce(fields[TIMESTAMP]) || Timestamp.now
      fields["@version"] ||= "1"
      fill(fields, metadata)
    end

    def fill(fields, metadata)
      @internal = {}
      Event.internal.each { |name| @internal[name] = metadata.delete(name) if metadata.key?(name) }
      @fields = fields
      @metadata = metadata
      @changed = {}
      @lent = []
      @cancelled = @metadata_changed = false
      self
    end

    def get(reference)
      path = PATHS[reference]
      lend(path, inner(path, path.size))
    end

    def set(reference, value)
      path = PATHS[reference]
      guard(path, value) if SPECIAL.include?(path[0])
      value = Values.stored(value)
      if path == [METADATA]
        @metadata = value
      else
        store(container(path), path[-1], value, reference)
      end
      touch(path)
      value
    end

    def remove(reference)
      path = PATHS[reference]
      touch(path)
      return @metadata.tap { @metadata = {} } if path == [METADATA]

      holder = inner(path, path.size - 1)
      case holder
      when Hash then holder.delete(path[-1])
      when Array then (at = index(path[-1])) && holder.delete_at(at)
      end
    end

    def include?(reference)
      path = PATHS[reference]
      return true if path == [METADATA]

      holder = inner(path, path.size - 1)
      case holder
      when Hash then holder.key?(path[-1])
      when Array then (at = index(path[-1])) ? at < holder.size && at >= -holder.size : false
      else false
      end
    end

    alias includes? include?

    def tag(*texts)
      tags = @fields[TAGS]
      tags = tags.is_a?(Array) ? tags : [tags].compact
      @fields[TAGS] = tags | texts.flatten.map(&:to_s)
      @changed[TAGS] = true
      nil
    end

    def cancel
      @cancelled = true
    end

    def uncancel
      @cancelled = false
    end

    def cancelled?
      @cancelled
    end

    def timestamp
      @fields[TIMESTAMP]
    end

    def timestamp=(value)
      set(TIMESTAMP, value)
    end

    def to_hash
      Values.copied(@fields)
    end

    alias to_h to_hash

    def to_hash_with_metadata
      @metadata.empty? ? to_hash : to_hash.merge(METADATA => Values.copied(@metadata))
    end

    def to_json(*)
      JSON.generate(@fields)
    end

    def to_s
      "#{timestamp} #{get('host') || '%{host}'} #{get('message') || '%{message}'}"
    end

    alias inspect to_s

    def [](reference)
      raise NoMethodError, "an event has no []: write event.get(#{reference.inspect})"
    end

    def []=(reference, _value)
      raise NoMethodError, "an event has no []=: write event.set(#{reference.inspect}, …)"
    end

    def clone(*)
      Event.allocate.fill(Values.copied(@fields), @internal.merge(Values.copied(@metadata)))
    end

    alias dup clone

    # Fields of another event in the place of our own.
    def overwrite(other)
      (@fields.keys | other.to_hash.keys).each { |name| @changed[name] = true }
      @fields = other.to_hash
      self
    end

    # Fields of another event beside our own: lists are joined, objects merged.
    def append(other)
      other.to_hash.each { |name, value| set("[#{name}]", appended(@fields[name], value)) unless name == TIMESTAMP }
      self
    end

    def sprintf(text)
      text = text.to_s
      text.include?("%{") ? Event.renderer.call(text, self) : text
    end

    # All of it, for the pipe.
    def whole
      Values.sendable(@fields).merge(METADATA => Values.sendable(@internal.merge(@metadata)))
    end

    # What became of it, for the pipe: nil when it is as it came.
    def changes
      @lent.each { |name, value, before| note(name) if value != before }
      return if @changed.empty? && !@metadata_changed && !@cancelled

      left, gone = @changed.keys.partition { |name| @fields.key?(name) }
      { "set" => left.to_h { |name| [name, Values.sendable(@fields[name])] }, "gone" => gone,
        "metadata" => (Values.sendable(@metadata) if @metadata_changed), "cancelled" => @cancelled }
    end

    private

    # The value that the first keys of a path lead to, nil where there is none.
    def inner(path, count)
      return (@fields unless path[0] == METADATA) if count.zero?

      node = path[0] == METADATA ? @metadata : @fields[path[0]]
      at = 0
      node = child(node, path[at]) while (at += 1) < count
      node
    end

    def child(node, key)
      case node
      when Hash then node[key]
      when Array then (at = index(key)) && node[at]
      end
    end

    # A text is the event's own, as in Logstash, and may be changed in place; lists and objects are copies.
    def lend(path, value)
      case value
      when String
        @lent << [path[0], value, value.dup]
        value
      when Hash, Array then Values.copied(value)
      else value
      end
    end

    # The object or list that a new value goes into; made where it is missing.
    def container(path)
      return @fields if path.size == 1

      node = @fields
      path[0..-2].each_with_index do |key, at|
        found = at.zero? && key == METADATA ? @metadata : child(node, key)
        found = store(node, key, {}, path) if found.nil?
        node = found
      end
      node
    end

    def store(node, key, value, reference)
      case node
      when Hash then node[key] = value
      when Array
        at = index(key)
        raise "Could not set field #{reference}: no place #{key} in a list" if at.nil? || at > node.size + MAX_PADDING

        node[at] = value
      else raise "Could not set field #{reference}: a #{node.class} is in the way"
      end
    end

    def index(key)
      Integer(key, 10, exception: false)
    end

    def guard(path, value)
      if path == [TIMESTAMP]
        raise TypeError, "wrong argument type #{value.class} (expected LogStash::Timestamp)" unless value.is_a?(Timestamp)
      elsif path == [METADATA]
        raise TypeError, "[@metadata] holds a Hash, not a #{value.class}" unless value.is_a?(Hash)
      elsif path[0] == TAGS
        legal = path.size == 1 && (value.nil? || [value].flatten(1).all? { |one| one.is_a?(String) || one.is_a?(Symbol) })
        raise TypeError, "[tags] holds a list of texts, not #{value.inspect}" unless legal
      end
    end

    def touch(path)
      note(path[0])
    end

    def note(name)
      name == METADATA ? @metadata_changed = true : @changed[name] = true
    end

    def appended(own, value)
      return value if own.nil?
      return own.merge(value) if own.is_a?(Hash) && value.is_a?(Hash)

      [own].flatten(1) | [value].flatten(1)
    end
  end
end
